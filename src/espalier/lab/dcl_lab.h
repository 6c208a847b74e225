// Does destruction and construction learning pay, and which part of it? Plain fine-tuning, the same
// with twice the images a step (plain-2x), which is as many as DCL sees, destruction alone, with the adversarial head, with the
// location head, and the published code's form, over seeds and splits.
//
//   DclLabConfig lab{.seeds = 5};
//   ExperimentResult result = run_dcl_lab(lab, recipe, "lab/dcl");   // goes on where it was stopped
#pragma once

#include "espalier/lab/experiment.h"
#include "espalier/train/classify_recipe.h"

namespace espalier {

struct DclLabConfig {
  std::vector<std::string> ways = {};  // names of dcl_ways(); empty: all
  int64_t seeds = 5, splits = 1;
  std::string pretrain =
      "";  // data to train the common start on, where the recipe names no weights
  int64_t pretrain_epochs = 15;
  bool keep_runs = false;  // else a run's folder goes once its line is in results.csv
};
Fields fields(DclLabConfig& config);

struct DclWay {
  std::string name, help;
  void (*apply)(ClassifyRecipe&);  // to the recipe of plain-2x
};
// In the order of the table.
const std::vector<DclWay>& dcl_ways();

// The orchard's twins with few pictures, a start trained on other marks, and what suits them: the
// setting that a learner can run in an hour.
ClassifyRecipe orchard_dcl_recipe();
DclLabConfig orchard_dcl_lab();

// `recipe` is that of plain-2x: all others see as many images a step and take as many steps, but plain,
// which sees the originals alone. Its epochs and batch must be multiples of 4. Split k is
// held out by split_seed k, or is the orchard of seed k + 1. Writes results.csv (a line a run),
// report.html after each run, runs/, and pretrained/ into `out`. Throws as train_classifier.
ExperimentResult run_dcl_lab(const DclLabConfig& lab,
                             const ClassifyRecipe& recipe,
                             const fs::path& out);

}  // namespace espalier
