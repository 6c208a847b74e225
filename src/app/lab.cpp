// espalier lab EXPERIMENT: run an experiment over seeds, or go on with it, and say what it shows.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "espalier/core/interrupt.h"
#include "espalier/core/progress.h"
#include "espalier/lab/dcl_lab.h"
#include "espalier/lab/prune_lab.h"

#include "app/actions.h"
#include "app/verbs.h"

namespace espalier {
namespace {

void print_result(const ExperimentResult& result, const fs::path& out, bool json) {
  if (json) {
    nlohmann::ordered_json object = to_json(result);
    object["out"] = out.string();
    fmt::print("{}\n", object.dump());
    return;
  }
  for (const Way& way : result.ways) {
    double sum = 0;
    for (double value : way.values) sum += value;
    fmt::print("{:<24} {:3} runs  {:5.1f} %  {}\n", way.name, way.values.size(),
               100 * sum / static_cast<double>(way.values.size()), verdict(way));
  }
  fmt::print("{}\n", (out / "report.html").string());
}

int run_dcl(const Arguments& arguments) {
  std::string out = "lab/dcl";
  DclLabConfig lab = orchard_dcl_lab();
  ClassifyRecipe recipe = orchard_dcl_recipe();
  CommandLine line("espalier lab dcl [flags]",
                   "does destruction and construction learning pay, and which part of it? Trains "
                   "each way over seeds and splits\n"
                   "and compares them in pairs; the same command goes on where it was stopped. The "
                   "flags of `train` are those of the\n"
                   "reference, plain training that sees as many images a step for as many steps");
  line.add({field("out", out, "folder of results.csv, report.html and the runs")});
  line.add(fields(lab));
  Fields training;
  for (const Field& one : fields(recipe))
    if (one.name != "seed" && one.name != "split_seed" && one.name != "method")
      training.push_back(one);
  line.add(training);
  if (!line.parse(arguments)) return 0;
  install_interrupt_handler();
  print_result(run_dcl_lab(lab, recipe, out), out, line.common().json);
  return 0;
}

int run_prune_experiment(const Arguments& arguments) {
  std::string out = "lab/prune";
  PruneLabConfig lab;
  ClassifyRecipe recipe = prune_lab_recipe();
  CommandLine line(
      "espalier lab prune [flags]",
      "which way to choose widths pays? Prunes one network to one budget in each way, "
      "trains every result from fresh\n"
      "weights over seeds, and compares in pairs with uniform widths; the same command "
      "goes on where it was stopped. The\n"
      "flags of `train` are those of every training");
  line.add({field("out", out, "folder of results.csv, report.html, the widths and the runs")});
  line.add(fields(lab));
  Fields training;
  for (const Field& one : fields(recipe))
    if (one.name != "weights") training.push_back(one);
  line.add(training);
  if (!line.parse(arguments)) return 0;
  install_interrupt_handler();
  print_result(run_prune_lab(lab, recipe, out), out, line.common().json);
  return 0;
}

const std::vector<Action>& experiments() {
  static const std::vector<Action> table = {
      {"dcl", "fine-grained recognition: what destruction, its heads and its published form bring",
       run_dcl},
      {"prune", "channel pruning: whose widths train best within a budget", run_prune_experiment}};
  return table;
}

}  // namespace

int run_lab(const Arguments& arguments) {
  return run_action("lab", "EXPERIMENT", experiments(), arguments);
}

}  // namespace espalier
