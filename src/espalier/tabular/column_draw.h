// Which columns a node of a tree tries.
#pragma once

#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "espalier/core/random.h"

namespace espalier {

// Columns in the order in which a node tries them, of which the first wins a tie: all as they stand, or drawn ones (the
// lowest drawn one would make the low columns seem more important than they are). As scikit-learn does, a node that drew
// constant columns alone goes on until it meets one that varies.
class ColumnDraw {
 public:
  ColumnDraw(int64_t columns, int64_t wanted, Random random)
      : columns_(static_cast<size_t>(columns)), wanted_(wanted), random_(random) {
    std::iota(columns_.begin(), columns_.end(), 0);
  }

  // `try_column` says whether the column varied.
  template <class Try>
  void each(Try try_column) {
    const auto count = static_cast<int64_t>(columns_.size());
    if (wanted_ >= count) {
      for (const int64_t column : columns_) try_column(column);
      return;
    }
    bool varied = false;
    for (int64_t i = 0; i < wanted_; ++i) {
      draw(i);
      varied |= try_column(columns_[static_cast<size_t>(i)]);
    }
    for (int64_t i = wanted_; !varied && i < count; ++i) {
      draw(i);
      varied = try_column(columns_[static_cast<size_t>(i)]);
    }
  }

 private:
  void draw(int64_t i) {
    const auto count = static_cast<int64_t>(columns_.size());
    std::swap(columns_[static_cast<size_t>(i)],
              columns_[static_cast<size_t>(i + random_.below(count - i))]);
  }

  std::vector<int64_t> columns_;
  int64_t wanted_;
  Random random_;
};

}  // namespace espalier
