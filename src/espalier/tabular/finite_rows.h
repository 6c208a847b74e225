// The one check of a table that must hold numbers only. Rows and columns are named from 1.
#pragma once

#include <cmath>

#include "espalier/core/error.h"
#include "espalier/tabular/matrix.h"

namespace espalier {

// Throws Error(data) naming row and column of the first NaN or infinity.
template <class T>
void check_finite_rows(MatrixView<T> x) {
  for (int64_t r = 0; r < x.rows; ++r) {
    T sum = 0;  // times 0: NaN as soon as one is not finite
    for (int64_t c = 0; c < x.columns; ++c) sum += x(r, c) * T{0};
    if (sum == 0) continue;
    for (int64_t c = 0; c < x.columns; ++c)
      if (!std::isfinite(x(r, c)))
        fail(Kind::data, "row {}, column {}: {} is not a finite number", r + 1, c + 1, x(r, c));
  }
}

}  // namespace espalier
