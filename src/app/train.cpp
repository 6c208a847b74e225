// espalier train TASK: train a task on data into a run folder.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/core/interrupt.h"
#include "espalier/core/names.h"
#include "espalier/core/progress.h"
#include "espalier/report/report.h"
#include "espalier/train/classify_recipe.h"

#include "app/verbs.h"

namespace espalier {
namespace {

struct OutputConfig {
  std::string out;
  bool resume = false, force = false;
};

Fields fields(OutputConfig& config) {
  return {field("out", config.out, "run folder; empty: the next free runs/<task>-<n>"),
          field("resume", config.resume, "go on with the run in --out from its last state"),
          field("force", config.force, "replace the run in --out")};
}

RunFolder open_run(const OutputConfig& output) {
  fs::path path = output.out.empty() ? next_run_folder("classify") : fs::path(output.out);
  return output.resume ? RunFolder::resume(path) : RunFolder::create(path, output.force);
}

}  // namespace

int run_train(const Arguments& arguments) {
  std::string task;
  OutputConfig output;
  ClassifyRecipe recipe;
  CommandLine line("espalier train classify [flags]", "trains a task on data into a run folder");
  line.positional("task", task, "classify");
  line.add(fields(output));
  line.add(fields(recipe));
  if (!line.parse(arguments)) return 0;
  if (task != "classify")
    throw Error(Kind::usage, unknown_name("task", task, {"classify", "table"}));
  if (output.resume && output.out.empty())
    fail(Kind::usage, "--resume needs --out, the run to go on with");

  install_interrupt_handler();
  RunFolder run = open_run(output);
  if (output.resume) {
    // The run's own configuration stands below what is typed now.
    read_toml(fields(recipe), run / "config.toml");
    const std::string begun_from = recipe.weights;
    line.parse(arguments);
    if (run.has_state() && recipe.weights != begun_from)
      fail(Kind::usage,
           "{} began from {}: a resumed run keeps its own weights; leave out --weights, or begin "
           "another run",
           run.path().string(), begun_from.empty() ? "random weights" : begun_from);
  }
  TrainOutcome outcome = train_classifier(recipe, run, output.resume && run.has_state());
  write_report({run.path()}, run / "report.html");
  say(fmt::format("done in {}: {}", clock_text(outcome.seconds), (run / "report.html").string()));
  if (line.common().json) {
    nlohmann::ordered_json result = {
        {"out", run.path().string()},   {"epochs", outcome.epochs},
        {"seconds", outcome.seconds},   {"best_epoch", outcome.best_epoch},
        {"failures", outcome.failures}, {"validation", to_json(outcome.best)}};
    fmt::print("{}\n", result.dump());
  }
  return 0;
}

}  // namespace espalier
