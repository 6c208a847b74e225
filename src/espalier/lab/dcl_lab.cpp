#include "espalier/lab/dcl_lab.h"

#include <chrono>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/core/names.h"
#include "espalier/core/progress.h"
#include "espalier/format/run_table.h"
#include "espalier/lab/lab_run.h"
#include "espalier/tensor/runtime.h"

namespace espalier {
namespace {

constexpr const char* kReference = "plain-2x";

// Where each picture goes through the network several times, an epoch has as many times the steps.
void divide_epochs(ClassifyRecipe& recipe, int64_t by) {
  recipe.train.epochs /= by;
  recipe.train.warmup_epochs /= static_cast<double>(by);
}

void destroy(ClassifyRecipe& recipe) {
  divide_epochs(recipe, 2);
  recipe.method.name = "dcl";
}

void pmg(ClassifyRecipe& recipe) {
  divide_epochs(recipe, 4);
  recipe.method.name = "pmg";
}

void as_many_images(ClassifyRecipe&) {}

void plain(ClassifyRecipe& recipe) {
  divide_epochs(recipe, 2);
  recipe.train.batch /= 2;
}

void destruction_only(ClassifyRecipe& recipe) {
  destroy(recipe);
  recipe.method.dcl.beta = recipe.method.dcl.gamma = 0;
}

void with_adversary(ClassifyRecipe& recipe) {
  destroy(recipe);
  recipe.method.dcl.gamma = 0;
}

void agreeing(ClassifyRecipe& recipe) {
  destroy(recipe);
  recipe.method.dcl.agree = 1;
}

void compat(ClassifyRecipe& recipe) {
  destroy(recipe);
  recipe.method.dcl.variant = "compat";
}

bool is_orchard(const std::string& data) {
  return data.rfind("orchard", 0) == 0;
}

ClassifyRecipe recipe_of_split(ClassifyRecipe recipe, int64_t split) {
  if (is_orchard(recipe.data))
    recipe.data +=
        fmt::format("{}seed={}", recipe.data.find(':') == std::string::npos ? ":" : ",", split + 1);
  else
    recipe.split.seed = split;
  return recipe;
}

// The common start, trained once.
std::string pretrained(const DclLabConfig& lab, ClassifyRecipe recipe, const fs::path& out) {
  const fs::path folder = out / "pretrained";
  if (fs::exists(folder / "summary.json")) return folder.string();
  say("the common start: " + lab.pretrain);
  const ClassifyRecipe usual;
  recipe.data = lab.pretrain;
  recipe.train.batch = usual.train.batch;
  recipe.train.lr = usual.train.lr;
  recipe.train.lr_batch = usual.train.lr_batch;
  recipe.train.epochs = lab.pretrain_epochs;
  recipe.train.seed = 1;
  train_in(recipe, folder);
  return folder.string();
}

struct Plan {
  const DclWay* way;
  int64_t split, seed;
  LabRun run() const { return {way->name, {std::to_string(split), std::to_string(seed)}}; }
};

// Seeds outermost, so that a stopped experiment has pairs of all ways.
std::vector<Plan> plan(const DclLabConfig& lab) {
  std::vector<const DclWay*> ways;
  for (const std::string& name : lab.ways) ways.push_back(&find_named(dcl_ways(), name, "way"));
  if (ways.empty())
    for (const DclWay& way : dcl_ways()) ways.push_back(&way);
  std::vector<Plan> runs;
  for (int64_t seed = 0; seed < lab.seeds; ++seed)
    for (int64_t split = 0; split < lab.splits; ++split)
      for (const DclWay* way : ways) runs.push_back({way, split, seed});
  return runs;
}

ExperimentResult summarise(const std::vector<Plan>& runs,
                           const RunTable& table,
                           const ClassifyRecipe& recipe) {
  ExperimentResult result{
      .name = "dcl",
      .title = "Destruction and construction learning",
      .question =
          "Does training on destroyed copies tell look-alike classes apart better than plain "
          "fine-tuning that sees as many images a step for as many steps, and which part of "
          "the method does it?",
      .setting = {{"data", recipe.data},
                  {"network", recipe.model},
                  {"start", recipe.weights.empty() ? "from scratch" : recipe.weights},
                  {"images a step", std::to_string(recipe.train.batch)},
                  {"epochs of the reference", std::to_string(recipe.train.epochs)},
                  {"learning rate", fmt::format("{:g}", peak_rate(recipe.train))},
                  {"machine", machine_line()}},
      .reference = kReference,
      .ways = {}};
  std::vector<std::pair<std::string, std::string>> ways;
  for (const DclWay& way : dcl_ways()) ways.emplace_back(way.name, way.help);
  std::vector<LabRun> named;
  for (const Plan& run : runs) named.push_back(run.run());
  add_ways(result, ways, named, table);
  return result;
}

}  // namespace

Fields fields(DclLabConfig& config) {
  return {
      field("ways", config.ways, "which of the ways to train; empty: all"),
      field("seeds", config.seeds, "runs of each way on each split").between(1, 1000),
      field("splits", config.splits, "held-out choices, or orchards").between(1, 100),
      field("pretrain", config.pretrain,
            "data on which the common start is trained, where --weights names none; empty: from "
            "scratch"),
      field("pretrain_epochs", config.pretrain_epochs, "of that").between(1, 1e6),
      field("keep_runs", config.keep_runs, "keep each run's folder")};
}

const std::vector<DclWay>& dcl_ways() {
  static const std::vector<DclWay> table = {
      {"plain", "originals alone: half the images a step, as many steps", plain},
      {kReference, "twice the originals a step: what the others are compared with", as_many_images},
      {"destruction", "originals and destroyed copies, class loss alone", destruction_only},
      {"adversary", "destruction and a head that tells whole from destroyed", with_adversary},
      {"dcl", "and a head that says where each cell came from: the paper", destroy},
      {"agree", "and what is said of a copy is drawn to what is said of its original: ours",
       agreeing},
      {"compat", "as in the published code", compat},
      {"pmg", "the rival: jigsaws of three grains, a head for each stage", pmg},
  };
  return table;
}

ClassifyRecipe orchard_dcl_recipe() {
  ClassifyRecipe recipe;
  recipe.data = "orchard:twins,classes=6,mark=0.2,train=72,val=120,test=1500";
  recipe.model = "shufflenet_v2_x0_5";
  recipe.augment.augment = "light";
  recipe.augment.size = 96;
  recipe.train.epochs = 60;
  recipe.train.batch = 32;
  recipe.train.lr = 0.03;
  recipe.train.lr_batch = 0;
  recipe.train.warmup_epochs = 4;
  return recipe;
}

DclLabConfig orchard_dcl_lab() {
  return {.seeds = 10,
          .splits = 2,
          .pretrain = "orchard:twins,classes=6,first=6,mark=0.2,train=4000,val=400,seed=99"};
}

ExperimentResult run_dcl_lab(const DclLabConfig& lab,
                             const ClassifyRecipe& given,
                             const fs::path& out) {
  if (given.train.epochs % 4 != 0 || given.train.batch % 4 != 0)
    fail(Kind::usage,
         "the lab divides epochs and batch: --epochs {} and --batch {} must be multiples of 4",
         given.train.epochs, given.train.batch);
  ClassifyRecipe recipe = given;
  const std::vector<Plan> runs = plan(lab);
  RunTable table = RunTable::open(out / "results.csv", {"way", "split", "seed"},
                                  {"accuracy", "validation", "seconds"});
  if (recipe.weights.empty() && !lab.pretrain.empty())
    recipe.weights = pretrained(lab, recipe, out);
  for (size_t i = 0; i < runs.size(); ++i) {
    const Plan& run = runs[i];
    if (table.has(run.run().key())) continue;
    say(fmt::format("run {} of {}: {}, split {}, seed {}", i + 1, runs.size(), run.way->name,
                    run.split, run.seed));
    ClassifyRecipe own = recipe_of_split(recipe, run.split);
    own.train.seed = run.seed;
    own.probe.probe_first = false;  // the same for all
    run.way->apply(own);
    const fs::path folder =
        out / "runs" / fmt::format("{}-{}-{}", run.way->name, run.split, run.seed);
    TrainOutcome outcome = train_in(own, folder);
    const double validation = outcome.best.items.empty() ? 0 : outcome.best.headline().value;
    table.add(run.run().key(), {test_accuracy(folder, own), validation, outcome.seconds});
    if (!lab.keep_runs) fs::remove_all(folder);
    write_file_atomic(out / "report.html", experiment_page(summarise(runs, table, recipe)));
  }
  ExperimentResult result = summarise(runs, table, recipe);
  write_file_atomic(out / "report.html", experiment_page(result));
  return result;
}

}  // namespace espalier
