#include "espalier/tabular/check_rows.h"

#include <cmath>

#include "espalier/core/error.h"
#include "espalier/tabular/finite_rows.h"

namespace espalier {

void check_numbers(MatrixView<double> x) {
  if (x.rows < 1 || x.columns < 1)
    fail(Kind::data, "{} rows of {} columns: there is nothing to learn from", x.rows, x.columns);
  check_finite_rows(x);
}

void check_columns(MatrixView<double> x, int64_t expected) {
  if (x.columns != expected)
    fail(Kind::data, "{} columns, but the model has learned from {}", x.columns, expected);
}

void check_labels(std::span<const int32_t> labels, int64_t rows, int64_t classes) {
  if (static_cast<int64_t>(labels.size()) != rows)
    fail(Kind::data, "{} labels for {} rows", labels.size(), rows);
  for (size_t i = 0; i < labels.size(); ++i)
    if (labels[i] < 0 || labels[i] >= classes)
      fail(Kind::data, "row {}: label {} is outside 0..{}", i + 1, labels[i], classes - 1);
}

void check_weights(std::span<const double> weights, int64_t rows) {
  if (weights.empty()) return;
  if (static_cast<int64_t>(weights.size()) != rows)
    fail(Kind::data, "{} weights for {} rows", weights.size(), rows);
  double all = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (!std::isfinite(weights[i]) || weights[i] < 0)
      fail(Kind::data, "row {}: the weight is {}", i + 1, weights[i]);
    all += weights[i];
  }
  if (all == 0) fail(Kind::data, "all weights are 0");
}

}  // namespace espalier
