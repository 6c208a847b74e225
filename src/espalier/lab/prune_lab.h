// Which way to choose widths pays? One trained network, each method's widths within one budget, and each
// of them trained from fresh weights over seeds, equally long, beside uniform widths.
//
//   PruneLabConfig lab{.to = "macs=0.25", .seeds = 5};
//   ExperimentResult result = run_prune_lab(lab, recipe, "lab/prune");   // goes on where it was stopped
#pragma once

#include <string>
#include <vector>

#include "espalier/lab/experiment.h"
#include "espalier/prune/prune_run.h"
#include "espalier/train/classify_recipe.h"

namespace espalier {

struct PruneLabConfig {
  std::vector<std::string> ways = {};  // names of prune_lab_ways(); empty: all
  std::string to = "macs=0.25";        // parse_budget()
  int64_t seeds = 5;
  int64_t base_epochs = 0;  // of the network that is pruned; 0: as the others
  MetaPruningConfig meta;
  WidthConfig widths;
  JudgeConfig judge;
  bool keep_runs = false;  // else a run's folder goes once its line is in results.csv
};
Fields fields(PruneLabConfig& config);

struct PruneLabWay {
  std::string name, help, method;  // method: a row of prune_methods()
  bool anew = false;               // widths of its own for each seed
  void (*change)(PruneRecipe&) = nullptr;
};
// In the order of the table; the first is what the others are compared with.
const std::vector<PruneLabWay>& prune_lab_ways();

// A network of depthwise convolutions on the orchard's species, small enough for an hour.
ClassifyRecipe prune_lab_recipe();

// `recipe` trains the network that is pruned (with its seed) and every pruned one (seeds 0 ..). Writes
// base/, widths/ (what each way chose), results.csv (a line a run), report.html after each run and runs/
// into `out`. Throws as prune_classifier() and train_classifier().
ExperimentResult run_prune_lab(const PruneLabConfig& lab,
                               const ClassifyRecipe& recipe,
                               const fs::path& out);

}  // namespace espalier
