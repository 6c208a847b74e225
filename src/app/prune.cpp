// espalier prune RUN: a narrower network within a budget, trained again, as a run of its own.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/core/interrupt.h"
#include "espalier/core/progress.h"
#include "espalier/prune/latency_limit.h"
#include "espalier/prune/prune_run.h"
#include "espalier/prune/subject.h"
#include "espalier/report/report.h"

#include "app/verbs.h"

namespace espalier {
namespace {

// Measures only.
void make_table(const PruneRecipe& recipe, bool json) {
  PruneSubject subject(recipe.run);
  auto latency = open_latency_model(recipe.table, *subject.model.net, subject.graph,
                                    subject.structure, subject.input, recipe.widths);
  fmt::print("{:>12} {:>12}\n", "measured ms", "predicted ms");
  for (auto [measured, predicted] : latency->compared())
    fmt::print("{:>12.3f} {:>12.3f}\n", measured, predicted);
  fmt::print("mean error {:.1f} %, Spearman's rank correlation {:.3f}\n", 100 * latency->error(),
             latency->agreement());
  if (json)
    fmt::print("{}\n", nlohmann::ordered_json{{"table", recipe.table},
                                              {"mape", latency->error()},
                                              {"spearman", latency->agreement()}}
                           .dump());
}

}  // namespace

int run_prune(const Arguments& arguments) {
  PruneRecipe recipe;
  std::string out;
  bool force = false, resume = false, groups = false;
  CommandLine line("espalier prune RUN --to BUDGET [flags]",
                   "takes channels out of a trained network until it costs no more than BUDGET, "
                   "trains what is left,\n"
                   "and writes it as a run that eval, predict, export and report take");
  line.positional("run", recipe.run, "run folder or model file");
  line.add(
      {field("out", out, "run folder; empty: the next free runs/prune-<n>"),
       field("force", force, "replace the run in --out"),
       field("resume", resume, "go on with the search or the training in --out"),
       field("groups", groups, "only print which channels go together and which stay, and why")});
  line.add(fields(recipe));
  if (!line.parse(arguments)) return 0;
  if (groups) return fmt::print("{}", to_text(PruneSubject(recipe.run).structure)), 0;
  install_interrupt_handler();
  if (recipe.to.empty() && !recipe.table.empty()) return make_table(recipe, line.common().json), 0;

  fs::path folder = out.empty() ? next_run_folder("prune") : fs::path(out);
  if (fs::exists(folder) && fs::exists(recipe.run) && fs::equivalent(folder, recipe.run))
    fail(Kind::usage, "--out is the run itself; the pruned network wants a folder of its own");
  if (resume && out.empty()) fail(Kind::usage, "--resume needs --out, the run to go on with");
  RunFolder run = resume ? RunFolder::resume(folder) : RunFolder::create(folder, force);
  if (resume) {
    // What was asked for stands below what is typed now.
    read_toml(fields(recipe), run / kRecipe);
    line.parse(arguments);
  }
  PruneOutcome outcome = prune_classifier(recipe, run, resume);
  write_report({run.path()}, run / "report.html");
  say(fmt::format("done in {}: {}", clock_text(outcome.seconds), (run / "report.html").string()));
  fmt::print("{}", comparison_table(outcome));
  if (line.common().json) {
    nlohmann::ordered_json result = to_json(outcome);
    result["out"] = run.path().string();
    fmt::print("{}\n", result.dump());
  }
  return 0;
}

}  // namespace espalier
