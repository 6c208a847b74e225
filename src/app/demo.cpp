// espalier demo: train, score, export, prune and report on the orchard's twin species, which differ in one small mark
// only.
#include <chrono>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/core/progress.h"
#include "espalier/prune/prune_run.h"
#include "espalier/report/report.h"
#include "espalier/tasks/open_classifier.h"
#include "espalier/tasks/pixel_baseline.h"
#include "espalier/train/classify_recipe.h"

#include "app/evaluation.h"
#include "app/export_model.h"
#include "app/verbs.h"

namespace espalier {
namespace {

ClassifyRecipe demo_recipe(int64_t seed) {
  ClassifyRecipe recipe;
  recipe.data = "orchard:twins,size=64,mark=0.25,noise=0.03,train=4000,val=400,test=1000";
  recipe.model = "resnet18";
  recipe.train.epochs = 8;
  recipe.augment.augment = "light";
  recipe.train.seed = seed;
  return recipe;
}

void add_to_summary(const fs::path& run,
                    const std::string& key,
                    const nlohmann::ordered_json& value) {
  nlohmann::ordered_json summary = nlohmann::ordered_json::parse(read_file(run / "summary.json"));
  summary[key] = value;
  write_file_atomic(run / "summary.json", summary.dump(2) + "\n");
}

// The run pruned to a quarter and trained on for a little, in a folder of its own inside.
PruneOutcome quarter_of(const RunFolder& run) {
  PruneRecipe recipe;
  recipe.run = run.path().string();
  recipe.to = "macs=0.25";
  recipe.epochs = 3;
  RunFolder quarter = RunFolder::create(run / "quarter", /*force=*/true);
  PruneOutcome outcome = prune_classifier(recipe, quarter);
  write_report({quarter.path()}, quarter / "report.html");
  return outcome;
}

}  // namespace

int run_demo(const Arguments& arguments) {
  std::string out;
  bool force = false;
  int64_t seed = 1;
  CommandLine line("espalier demo [flags]",
                   "the whole path in a few minutes: draws an orchard whose species differ in one "
                   "small mark only, trains a\n"
                   "network on it, scores it on pictures it never saw, exports it to ONNX with "
                   "proof, prunes it, and writes a report");
  line.add({field("out", out, "run folder; empty: the next free runs/demo-<n>"),
            field("force", force, "replace the run in --out"),
            field("seed", seed, "of the run").between(0, 9e15)});
  if (!line.parse(arguments)) return 0;

  auto start = std::chrono::steady_clock::now();
  ClassifyRecipe recipe = demo_recipe(seed);
  RunFolder run = RunFolder::create(out.empty() ? next_run_folder("demo") : fs::path(out), force);
  say("1/6 training a network");
  TrainOutcome outcome = train_classifier(recipe, run, /*resume=*/false);
  say("2/6 the honest floor: a linear model on the pixels");
  std::unique_ptr<ClassifyTask> task = open_classifier(run.path());
  Splits splits = open_splits(recipe.data, recipe.split);
  double baseline = pixel_baseline_accuracy(
      splits.train, splits.val, splits.test,
      eval_transform({.augment = "none"}, static_cast<int>(task->meta().input_size)));
  add_to_summary(run.path(), "baseline_accuracy", baseline);
  say("3/6 scoring on the test split");
  ScoredSplit evaluation = evaluate_classifier(*task, splits.test, "test", run.path(),
                                               {.decisive_part = splits.decisive_part});
  say("4/6 exporting");
  double difference = export_model(load_model(run.path()), run / "model.onnx")["onnx_max_abs_diff"];
  say("5/6 a quarter of the multiply-adds");
  const PruneOutcome pruned = quarter_of(run);
  say("6/6 the report");
  write_report({run.path()}, run / "report.html");

  const Score& accuracy = evaluation.result.scores.headline();
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  say(
      fmt::format("the network is right on {:.1f} % of unseen pictures (95 %: {:.1f} to {:.1f}); a "
                  "linear model on the pixels on {:.1f} %",
                  100 * accuracy.value, 100 * accuracy.interval->low, 100 * accuracy.interval->high,
                  100 * baseline));
  say(fmt::format("model.onnx gives the same answers (largest difference {:.1e})", difference));
  say("a narrower network, in " + (run / "quarter").string() + ":");
  fmt::print("{}", comparison_table(pruned));
  say(fmt::format("in {}: open {}", clock_text(seconds), (run / "report.html").string()));
  if (line.common().json) {
    nlohmann::ordered_json result = {
        {"out", run.path().string()},
        {"accuracy", accuracy.value},
        {"accuracy_interval", {accuracy.interval->low, accuracy.interval->high}},
        {"baseline_accuracy", baseline},
        {"onnx_max_abs_diff", difference},
        {"epochs", outcome.epochs},
        {"quarter", to_json(pruned)},
        {"seconds", seconds}};
    fmt::print("{}\n", result.dump());
  }
  return 0;
}

}  // namespace espalier
