// The one check of a table that must hold numbers only. Rows and columns are named from 1.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "espalier/core/error.h"
#include "espalier/tabular/matrix.h"

namespace espalier {

// Throws Error(data) naming row and column of the first NaN or infinity.
template <class T>
void check_finite_rows(MatrixView<T> x) {
  using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
  constexpr auto kExponent = static_cast<Bits>(sizeof(T) == 4 ? 0x7F800000U : 0x7FF0000000000000U);
  for (int64_t r = 0; r < x.rows; ++r) {
    const T* row = x.row(r);
    bool odd = false;  // an exponent of ones only; in bits, so that the loop becomes vectors
    for (int64_t c = 0; c < x.columns; ++c)
      odd |= (std::bit_cast<Bits>(row[c]) & kExponent) == kExponent;
    if (!odd) continue;
    for (int64_t c = 0; c < x.columns; ++c)
      if (!std::isfinite(row[c]))
        fail(Kind::data, "row {}, column {}: {} is not a finite number", r + 1, c + 1, row[c]);
  }
}

}  // namespace espalier
