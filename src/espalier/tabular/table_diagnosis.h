// The rows of a run on a table, ready to be diagnosed.
//
//   const Subject subject = table_subject("runs/diamonds", "new.csv", config);
//   const Diagnosis diagnosis = diagnose(subject, config);
#pragma once

#include "espalier/core/files.h"
#include "espalier/tabular/diagnose.h"
#include "espalier/tabular/table_recipe.h"

namespace espalier {

// Reads the table that the run was trained on again and splits it as training did. The asked rows are those of `data`, or
// those that the run held out when it is empty. Throws Error(usage) for a model without a target and for a run whose table
// is gone; Error(data) for a table that no longer fits the model, and where config.time names no column of numbers or
// dates (2021-03-04, with or without a time of day).
Subject table_subject(const fs::path& run, const fs::path& data, const DiagnoseConfig& config);

}  // namespace espalier
