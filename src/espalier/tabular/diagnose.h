// Why is it not better? A model learned anew from parts of its rows, in other settings, without what may mislead it:
// the numbers by which metrics/diagnosis.h judges.
//
//   Diagnosis diagnosis = diagnose(subject, {.seed = 1});
//   judge(diagnosis)[0].because;
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "espalier/core/fields.h"
#include "espalier/metrics/diagnosis.h"
#include "espalier/tabular/capacity.h"
#include "espalier/tabular/shift_check.h"

namespace espalier {

struct DiagnoseConfig {
  int64_t folds = 5;
  int64_t most_rows = 10000;  // more are drawn from; also of the asked ones
  std::string time = "";  // column in whose order rows came about; empty: one whose name says so
  int64_t seed = 0;
};
Fields fields(DiagnoseConfig& config);

// What is to be diagnosed.
struct Subject {
  std::string model, target;
  std::string samples = "rows";  // what they are called
  LabelledRows train = {};
  LabelledRows asked = {};                // none: `count() == 0`
  std::vector<int64_t> train_lines = {};  // in their file, for what is listed; or none
  std::vector<ColumnGroup> columns = {};
  std::vector<std::string> classes = {};
  std::vector<double> time = {};  // of each training row, NaN where unknown; or none
  std::string time_column = "";
  // Of rows of which so many teach at a time; the first is the current one. See settings_around().
  std::function<std::vector<LearnerSetting>(const LabelledRows&, int64_t teach)> settings = {};
  // The columns were fitted to the training rows, as features of a network are: models learn from training rows and
  // answer the asked ones. Copies, shift and time are then left to who knows the rows by other means.
  bool learned_columns = false;
};

// Deterministic by seed, whatever the number of threads. What cannot be done (too few rows for a setting, no asked rows)
// stands in `not_run`. Throws Error(data) for fewer than 30 training rows, Error(interrupted).
Diagnosis diagnose(const Subject& subject, const DiagnoseConfig& config);

}  // namespace espalier
