// espalier lab EXPERIMENT: run an experiment over seeds, or go on with it, and say what it shows.
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "espalier/core/interrupt.h"
#include "espalier/core/progress.h"
#include "espalier/lab/dcl_lab.h"
#include "espalier/lab/prune_lab.h"
#include "espalier/lab/rank_lab.h"

#include "app/actions.h"
#include "app/verbs.h"

namespace espalier {
namespace {

Fields all_but(const Fields& all, const std::set<std::string>& names) {
  Fields rest;
  for (const Field& one : all)
    if (names.count(one.name) == 0) rest.push_back(one);
  return rest;
}

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
  line.add(all_but(fields(recipe), {"seed", "split_seed", "method"}));
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
  line.add(all_but(fields(recipe), {"weights"}));
  if (!line.parse(arguments)) return 0;
  install_interrupt_handler();
  print_result(run_prune_lab(lab, recipe, out), out, line.common().json);
  return 0;
}

int run_ranking(const Arguments& arguments) {
  std::string out = "lab/rank";
  RankLabConfig lab;
  ClassifyRecipe recipe = prune_lab_recipe();
  CommandLine line(
      "espalier lab rank [flags]",
      "does the score by which a method picks widths say how well they train? Random widths "
      "within one budget are scored\n"
      "by every rule and trained from fresh weights; the same command goes on where it was "
      "stopped. The flags of `train`\n"
      "are those of every training");
  line.add({field("out", out, "folder of scores.csv, results.csv, report.html and the runs")});
  line.add(fields(lab));
  line.add(all_but(fields(recipe), {"weights"}));
  if (!line.parse(arguments)) return 0;
  install_interrupt_handler();
  const RankResult result = run_rank_lab(lab, recipe, out);
  if (line.common().json) {
    nlohmann::ordered_json object = to_json(result);
    object["out"] = out;
    fmt::print("{}\n", object.dump());
    return 0;
  }
  for (const RuleRanking& rule : result.rules)
    fmt::print("{:<14} {:3} vectors  {}\n", rule.name, rule.pairs.size(), verdict(rule));
  fmt::print("{}\n", (fs::path(out) / "report.html").string());
  return 0;
}

const std::vector<Action>& experiments() {
  static const std::vector<Action> table = {
      {"dcl", "fine-grained recognition: what destruction, its heads and its published form bring",
       run_dcl},
      {"prune", "channel pruning: whose widths train best within a budget", run_prune_experiment},
      {"rank", "channel pruning: whether a method's score says which widths train best",
       run_ranking}};
  return table;
}

}  // namespace

int run_lab(const Arguments& arguments) {
  return run_action("lab", "EXPERIMENT", experiments(), arguments);
}

}  // namespace espalier
