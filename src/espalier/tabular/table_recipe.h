// A model of a table from file to run folder, and how good it is.
//
//   TableRecipe recipe{.data = "penguins.csv", .target = "species", .model = "naive-bayes"};
//   recipe.choose_learner();                                   // from here on fields(recipe) has its options
//   TableOutcome outcome = train_table(recipe, run);
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "espalier/metrics/answers.h"
#include "espalier/metrics/class_ranking.h"
#include "espalier/metrics/classification.h"
#include "espalier/metrics/scores.h"
#include "espalier/tabular/learner.h"
#include "espalier/train/run_folder.h"

namespace espalier {

struct TableRecipe {
  std::string data, target, model = "naive-bayes", goal = "auto";
  double holdout = 0.2;  // share of the rows, of each class, that is held out for validation
  int64_t cv = 0;        // folds of cross-validation, beside that
  int64_t seed = 0;      // of who is held out and of the folds
  TableConfig table;
  EncodingConfig encoding;
  std::unique_ptr<Learner> learner;  // of `model`

  void choose_learner();  // throws Error(usage) naming the nearest model
};
Fields fields(TableRecipe& recipe);  // the learner's options last

struct TableScore {
  Scores scores;
  std::optional<ClassificationResult> classes;  // classify
  std::vector<ClassCurve> curves;               // classify
  Answers answers;                              // by the lines of the table's file
  int64_t rows = 0;
};

struct TableOutcome {
  TableModel model;
  int64_t rows = 0, left_out = 0;  // left out: their target is missing
  std::optional<TableScore> validation;
  std::vector<Scores> folds;
  double seconds = 0;
};

// Rows whose target is known. Writes into the run config.toml, model.safetensors, config.json, summary.json and
// eval-val.json with eval-val.csv. Throws Error(usage | data) with advice.
TableOutcome train_table(TableRecipe& recipe, RunFolder& run);

// Of a table that was read with encoding.wanted(true); rows without a target are passed over.
TableScore score_table(const TableModel& model, const Table& table);
// eval-<split>.json and eval-<split>.csv.
void write_table_score(const fs::path& run,
                       const std::string& split,
                       const TableScore& score,
                       const Encoding& encoding);

}  // namespace espalier
