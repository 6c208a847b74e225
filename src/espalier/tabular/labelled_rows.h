// Rows of numbers with what they are to be taken for: what a learner is shown, and what it is judged on.
//
//   LabelledRows rows = labelled_rows(encoding, table);
//   learner->fit(rows.at(first_half).examples());
//   std::vector<double> losses = row_losses(rows, learner->predict(rows.x.view()), target_variance(rows));
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "espalier/tabular/learner.h"

namespace espalier {

struct LabelledRows {
  Goal goal = Goal::classify;
  Matrix<double> x = {};
  std::vector<int64_t> categories = {};  // of each column, as in Examples
  std::vector<int32_t> labels = {};      // classify: one a row
  int64_t classes = 0;
  std::vector<double> targets = {};  // regress: one a row

  int64_t count() const { return x.rows; }
  Examples examples() const;
  LabelledRows at(std::span<const int64_t> rows) const;
  // Only these columns.
  LabelledRows with_columns(std::span<const int64_t> columns) const;
};

// The target of each row must be known.
LabelledRows labelled_rows(const Encoding& encoding, const Table& table);
// `more` behind `rows`.
LabelledRows joined(const LabelledRows& rows, const LabelledRows& more);

// Of numbers about their mean; 1 of classes and of a constant target.
double target_variance(const LabelledRows& rows);

// Classes: 0 where the most probable (the lowest of equals) is the label, else 1. Numbers: squared error over
// `variance`. 1 - mean is the accuracy, or R squared.
std::vector<double> row_losses(const LabelledRows& truth,
                               const Matrix<double>& answers,
                               double variance);

// The accuracy of always naming the commonest class; 0 of numbers, which is what their mean has.
double chance_score(const LabelledRows& rows);

}  // namespace espalier
