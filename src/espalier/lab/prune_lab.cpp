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

void mend(PruneRecipe& recipe) {
  recipe.method.meta.sampling = "sandwich";
  recipe.method.meta.space = "budget";
  recipe.judge.finalists = 10;
}

void judge_anew(PruneRecipe& recipe) {
  recipe.judge.finalists = 10;
}

struct Plan {
  const PruneLabWay* way;
  int64_t seed;
  LabRun run() const { return {way->name, {std::to_string(seed)}}; }
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
    recipe.method.method = run.way->method;
    if (run.way->change) run.way->change(recipe);
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
      .ways = {}};
  std::vector<std::pair<std::string, std::string>> ways;
  for (const PruneLabWay& way : prune_lab_ways()) ways.emplace_back(way.name, way.help);
  std::vector<LabRun> named;
  for (const Plan& run : runs) named.push_back(run.run());
  add_ways(result, ways, named, table);
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
      {"uniform", "the same share of every layer", "uniform"},
      {"logwidth", "the largest sum of the logarithms of widths", "logwidth"},
      {"random", "random widths, others for each seed", "random", /*anew=*/true},
      {"l1", "where filters are small", "l1"},
      {"taylor", "where removal changes the loss least", "taylor"},
      {"eagleeye", "the best of random widths, judged with their own statistics", "eagleeye"},
      {"metapruning", "evolution over made weights, as published", "metapruning"},
      {"finalists", "the same, and the best ten are judged again on all validation pictures",
       "metapruning", false, judge_anew},
      {"metapruning+", "finalists, sandwich training, and vectors that use the budget",
       "metapruning", false, mend},
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
    if (table.has(run.run().key())) continue;
    say(fmt::format("run {} of {}: {}, seed {}", i + 1, runs.size(), run.way->name, run.seed));
    const Chosen chosen = choose(lab, run, base, out);
    ClassifyRecipe own = recipe;
    own.model = chosen.network.string();
    own.augment.size = load_model(base).meta.input_size;
    own.train.seed = run.seed;
    const fs::path folder = out / "runs" / fmt::format("{}-{}", run.way->name, run.seed);
    const TrainOutcome outcome = train_in(own, folder);
    table.add(run.run().key(),
              {test_accuracy(folder, own), chosen.macs, chosen.search_seconds, outcome.seconds});
    if (!lab.keep_runs) fs::remove_all(folder);
    write_file_atomic(out / "report.html", experiment_page(summarise(runs, table, lab, recipe)));
  }
  ExperimentResult result = summarise(runs, table, lab, recipe);
  write_file_atomic(out / "report.html", experiment_page(result));
  return result;
}

}  // namespace espalier
