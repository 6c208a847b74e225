// Each column of a table sorted once: the samples in order of their values, the values by rank. A tree grows
// from the orders, and all trees of a forest share them.
//
//   RankedTable ranked(x.view());
//   ranked.order(2)[0];      // the sample whose column 2 is lowest
//   ranked.value(2)[rank];   // the float of a rank
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "espalier/tabular/matrix.h"

namespace espalier {

class RankedTable {
 public:
  // Throws Error(data) naming row and column of an infinity.
  explicit RankedTable(MatrixView<float> x);

  int64_t rows() const { return rows_; }
  int64_t columns() const { return columns_; }
  // Samples by rising value, equal ones by rising number, those without a value (NaN) last.
  const uint32_t* order(int64_t column) const { return order_.data() + column * rows_; }
  // Of each place of order(): equal values share a rank; a NaN has the rank distinct(column).
  const uint32_t* rank(int64_t column) const { return rank_.data() + column * rows_; }
  // The same by sample; made when it is asked for first.
  const uint32_t* rank_of_sample(int64_t column) const;
  const float* value(int64_t column) const { return values_.data() + first_[column]; }
  int64_t distinct(int64_t column) const { return first_[column + 1] - first_[column]; }
  bool has_missing(int64_t column) const { return has_missing_[static_cast<size_t>(column)]; }
  int64_t most_distinct() const;

 private:
  int64_t rows_, columns_;
  std::vector<uint32_t> order_, rank_;  // columns x rows
  std::vector<float> values_;
  std::vector<size_t> first_;  // of each column in values_, and the end
  std::vector<uint8_t> has_missing_;
  mutable std::once_flag indexed_;
  mutable std::vector<uint32_t> rank_of_sample_;
};

}  // namespace espalier
