#include "espalier/tabular/check_rows.h"

#include <bit>
#include <cmath>

#include "espalier/core/error.h"

namespace espalier {
namespace {

constexpr uint64_t kExponent = 0x7FF0000000000000U;

}  // namespace

void check_numbers(MatrixView<double> x) {
  if (x.rows < 1 || x.columns < 1)
    fail(Kind::data, "{} rows of {} columns: there is nothing to learn from", x.rows, x.columns);
  for (int64_t r = 0; r < x.rows; ++r) {
    const double* row = x.row(r);
    bool odd = false;  // an exponent of ones only
    for (int64_t c = 0; c < x.columns; ++c)
      odd |= (std::bit_cast<uint64_t>(row[c]) & kExponent) == kExponent;
    if (!odd) continue;
    for (int64_t c = 0; c < x.columns; ++c)
      if (!std::isfinite(row[c]))
        fail(Kind::data, "row {}, column {}: {} is not a finite number", r + 1, c + 1, row[c]);
  }
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
