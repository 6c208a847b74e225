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

void print_lines(const ExperimentResult& result) {
  for (const Way& way : result.ways) {
    double sum = 0;
    for (double value : way.values) sum += value;
    fmt::print("{:<24} {:3} runs  {:5.1f} %  {}\n", way.name, way.values.size(),
               100 * sum / static_cast<double>(way.values.size()), verdict(way));
  }
}

void print_lines(const RankResult& result) {
  for (const RuleRanking& rule : result.rules)
    fmt::print("{:<14} {:3} vectors  {}\n", rule.name, rule.pairs.size(), verdict(rule));
}

struct About {
  std::string name, help;
  std::set<std::string> not_asked;  // flags that the experiment sets itself or has no use for
};

// Asks for the flags of the experiment and of `train`, runs it or goes on with it, and says what was found.
template <class Lab, class Result>
int run_experiment(const Arguments& arguments,
                   const About& about,
                   Lab lab,
                   ClassifyRecipe recipe,
                   Result (*run)(const Lab&, const ClassifyRecipe&, const fs::path&)) {
  std::string out = "lab/" + about.name;
  CommandLine line("espalier lab " + about.name + " [flags]",
                   about.help + ".\nThe same command goes on where it was stopped");
  line.add({field("out", out, "folder of the results as CSV, report.html and the runs")});
  for (const Fields& all : {fields(lab), fields(recipe)}) {
    Fields asked;
    for (const Field& one : all)
      if (about.not_asked.count(one.name) == 0) asked.push_back(one);
    line.add(asked);
  }
  if (!line.parse(arguments)) return 0;
  install_interrupt_handler();
  const Result result = run(lab, recipe, out);
  if (line.common().json) {
    nlohmann::ordered_json object = to_json(result);
    object["out"] = out;
    fmt::print("{}\n", object.dump());
    return 0;
  }
  print_lines(result);
  fmt::print("{}\n", (fs::path(out) / "report.html").string());
  return 0;
}

int run_dcl(const Arguments& arguments) {
  return run_experiment(
      arguments,
      {"dcl",
       "does destruction and construction learning pay, and which part of it? Trains each way "
       "over seeds and splits\n"
       "and compares them in pairs. The flags of `train` are those of the reference, plain "
       "training that sees as many\n"
       "images a step for as many steps",
       {"seed", "split_seed", "method"}},
      orchard_dcl_lab(), orchard_dcl_recipe(), run_dcl_lab);
}

int run_prune_experiment(const Arguments& arguments) {
  return run_experiment(
      arguments,
      {"prune",
       "which way to choose widths pays? Prunes one network to one budget in each way, trains "
       "every result from fresh\n"
       "weights over seeds, and compares in pairs with uniform widths. The flags of `train` are "
       "those of every training",
       {"weights"}},
      PruneLabConfig{}, prune_lab_recipe(), run_prune_lab);
}

int run_ranking(const Arguments& arguments) {
  return run_experiment(
      arguments,
      {"rank",
       "does the score by which a method picks widths say how well they train? Random widths "
       "within one budget are\n"
       "scored by every rule and trained from fresh weights. The flags of `train` are those of "
       "every training",
       {"weights", "population", "generations", "parents", "mutants", "crossings", "mutation",
        "meta_space", "meta_sampling"}},
      RankLabConfig{}, prune_lab_recipe(), run_rank_lab);
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
