// Rows of mostly zeros, such as counts of words: compressed sparse rows, not owned.
//
//   SparseView counts{starts, columns, values, vocabulary};   // row r: places starts[r]..starts[r + 1] - 1
#pragma once

#include <cstdint>
#include <span>

namespace espalier {

struct SparseView {
  std::span<const int64_t> starts;   // rows + 1, from 0, never falling
  std::span<const int32_t> columns;  // each in 0..width-1, no column twice in a row
  std::span<const double> values;
  int64_t width = 0;

  int64_t rows() const { return static_cast<int64_t>(starts.size()) - 1; }
};

}  // namespace espalier
