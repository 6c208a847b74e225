#include "espalier/lab/prune_lab.h"

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

void uniform(PruneRecipe& recipe) {
  recipe.method.method = "uniform";
}

void log_width(PruneRecipe& recipe) {
  recipe.method.method = "logwidth";
}

void random_widths(PruneRecipe& recipe) {
  recipe.method.method = "random";
}

void l1(PruneRecipe& recipe) {
  recipe.method.method = "l1";
}

void taylor(PruneRecipe& recipe) {
  recipe.method.method = "taylor";
}

void eagleeye(PruneRecipe& recipe) {
  recipe.method.method = "eagleeye";
}

void metapruning(PruneRecipe& recipe) {
  recipe.method.method = "metapruning";
}

void mended(PruneRecipe& recipe) {
  recipe.method.method = "metapruning";
  recipe.method.meta.sampling = "sandwich";
  recipe.method.meta.space = "budget";
}

struct Plan {
  const PruneLabWay* way;
  int64_t seed;
  RunTable::Key key() const { return {way->name, std::to_string(seed)}; }
};

// Seeds outermost, so that a stopped experiment has pairs of all ways.
std::vector<Plan> plan(const PruneLabConfig& lab) {
  std::vector<const PruneLabWay*> ways;
  for (const std::string& name : lab.ways)
    ways.push_back(&find_named(prune_lab_ways(), name, "way"));
  if (ways.empty())
    for (const PruneLabWay& way : prune_lab_ways()) ways.push_back(&way);
  std::vector<Plan> runs;
  for (int64_t seed = 0; seed < lab.seeds; ++seed)
    for (const PruneLabWay* way : ways) runs.push_back({way, seed});
  return runs;
}

struct Chosen {
  fs::path network;  // as it was cut
  double macs, search_seconds;
};

// The widths of a way, chosen once (for each seed where it draws anew).
Chosen choose(const PruneLabConfig& lab,
              const Plan& run,
              const fs::path& base,
              const fs::path& out) {
  const fs::path folder =
      out / "widths" /
      (run.way->anew ? fmt::format("{}-{}", run.way->name, run.seed) : run.way->name);
  if (!fs::exists(folder / "prune.json")) {
    PruneRecipe recipe{.run = base.string(),
                       .to = lab.to,
                       .data = "",
                       .then = "nothing",
                       .widths = lab.widths,
                       .judge = lab.judge};
    recipe.method.meta = lab.meta;
    recipe.method.seed = run.way->anew ? run.seed : 1;
    run.way->apply(recipe);
    const bool there = fs::exists(folder / kRecipe);
    RunFolder pruned = there ? RunFolder::resume(folder) : RunFolder::create(folder, true);
    prune_classifier(recipe, pruned, there);
  }
  const auto record = nlohmann::json::parse(read_file(folder / "prune.json"));
  return {folder / "pruned", record.at("macs").get<double>(),
          record.at("search_seconds").get<double>()};
}

ExperimentResult summarise(const std::vector<Plan>& runs,
                           const RunTable& table,
                           const PruneLabConfig& lab,
                           const ClassifyRecipe& recipe) {
  const std::string reference = prune_lab_ways().front().name;
  ExperimentResult result{
      .name = "prune",
      .title = "Ways to choose widths",
      .question =
          "Within one budget, whose widths train best from fresh weights: the same share of every "
          "layer, a rule of thumb, the filters' importance, or a search?",
      .setting = {{"data", recipe.data},
                  {"network", recipe.model},
                  {"budget", lab.to},
                  {"epochs", std::to_string(recipe.train.epochs)},
                  {"learning rate", fmt::format("{:g}", peak_rate(recipe.train))},
                  {"machine", machine_line()}},
      .reference = reference,
      .ways = {},
      .wanted = static_cast<int64_t>(runs.size())};
  for (const PruneLabWay& way : prune_lab_ways()) {
    Way found{.name = way.name, .help = way.help, .values = {}, .gain = {}};
    std::vector<double> own, others;
    for (const Plan& run : runs) {
      std::optional<double> value = table.value(run.key(), "accuracy");
      if (run.way != &way || !value) continue;
      found.values.push_back(*value);
      std::optional<double> other = table.value({reference, std::to_string(run.seed)}, "accuracy");
      if (!other || way.name == reference) continue;
      own.push_back(*value);
      others.push_back(*other);
    }
    result.runs += static_cast<int64_t>(found.values.size());
    if (!own.empty()) found.gain = paired_difference(own, others);
    if (!found.values.empty()) result.ways.push_back(std::move(found));
  }
  return result;
}

}  // namespace

Fields fields(PruneLabConfig& config) {
  Fields all = {
      field("ways", config.ways, "which of the ways to train; empty: all"),
      field("to", config.to, "the budget: macs=0.25, params=1M, bytes=1.5MB, or several"),
      field("seeds", config.seeds, "trainings of each way's widths").between(1, 1000),
      field("base_epochs", config.base_epochs, "of the network that is pruned; 0: as the others")
          .between(0, 1e6),
      field("keep_runs", config.keep_runs, "keep each run's folder")};
  all = join(std::move(all), fields(config.meta));
  all = join(std::move(all), fields(config.widths));
  return join(std::move(all), fields(config.judge));
}

const std::vector<PruneLabWay>& prune_lab_ways() {
  static const std::vector<PruneLabWay> table = {
      {"uniform", "the same share of every layer", false, uniform},
      {"logwidth", "the largest sum of the logarithms of widths", false, log_width},
      {"random", "random widths, others for each seed", true, random_widths},
      {"l1", "where filters are small", false, l1},
      {"taylor", "where removal changes the loss least", false, taylor},
      {"eagleeye", "the best of random widths, judged with their own statistics", false, eagleeye},
      {"metapruning", "evolution over made weights, as published", false, metapruning},
      {"metapruning+", "the same with sandwich training and vectors that use the budget", false,
       mended},
  };
  return table;
}

ClassifyRecipe prune_lab_recipe() {
  ClassifyRecipe recipe;
  recipe.data = "orchard:species,size=32,train=4000,val=1000,test=2000";
  recipe.model = "resnet20";
  recipe.train.epochs = 12;
  return recipe;
}

ExperimentResult run_prune_lab(const PruneLabConfig& lab,
                               const ClassifyRecipe& recipe,
                               const fs::path& out) {
  const std::vector<Plan> runs = plan(lab);
  RunTable table = RunTable::open(out / "results.csv", {"way", "seed"},
                                  {"accuracy", "macs", "search_seconds", "seconds"});
  const fs::path base = out / "base";
  if (!fs::exists(base / "summary.json")) {
    say("the network that is pruned");
    ClassifyRecipe own = recipe;
    if (lab.base_epochs > 0) own.train.epochs = lab.base_epochs;
    train_in(own, base);
  }
  for (size_t i = 0; i < runs.size(); ++i) {
    const Plan& run = runs[i];
    if (table.has(run.key())) continue;
    say(fmt::format("run {} of {}: {}, seed {}", i + 1, runs.size(), run.way->name, run.seed));
    const Chosen chosen = choose(lab, run, base, out);
    ClassifyRecipe own = recipe;
    own.model = chosen.network.string();
    own.augment.size = load_model(base).meta.input_size;
    own.train.seed = run.seed;
    const fs::path folder = out / "runs" / fmt::format("{}-{}", run.way->name, run.seed);
    const TrainOutcome outcome = train_in(own, folder);
    table.add(run.key(),
              {test_accuracy(folder, own), chosen.macs, chosen.search_seconds, outcome.seconds});
    if (!lab.keep_runs) fs::remove_all(folder);
    write_file_atomic(out / "report.html", experiment_page(summarise(runs, table, lab, recipe)));
  }
  ExperimentResult result = summarise(runs, table, lab, recipe);
  write_file_atomic(out / "report.html", experiment_page(result));
  return result;
}

}  // namespace espalier
