// What every model asks of its arguments before it learns or answers. Rows and columns are named from 1.
#pragma once

#include <cstdint>
#include <span>

#include "espalier/tabular/matrix.h"

namespace espalier {

// Throw Error(data): no rows or columns; a NaN or infinity, with its place; labels of another number or outside
// 0..classes-1; weights of another number, below 0, not finite or all 0 (none at all are fine).
void check_numbers(MatrixView<double> x);
void check_columns(MatrixView<double> x, int64_t expected);
void check_labels(std::span<const int32_t> labels, int64_t rows, int64_t classes);
void check_weights(std::span<const double> weights, int64_t rows);

}  // namespace espalier
