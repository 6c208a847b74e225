#include "espalier/tabular/tree_ranks.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "espalier/core/error.h"
#include "espalier/core/radix_sort.h"

namespace espalier {
namespace {

constexpr uint32_t kMissing = 0xffffffff;

// Whole numbers in the order of the floats; NaN is the highest. -0 equals 0.
uint32_t sortable(float value) {
  if (std::isnan(value)) return kMissing;
  const uint32_t bits = std::bit_cast<uint32_t>(value + 0.0f);
  return bits ^ (bits >> 31 ? 0xffffffff : 0x80000000);
}

float from_sortable(uint32_t bits) {
  return std::bit_cast<float>(bits ^ (bits >> 31 ? 0x80000000 : 0xffffffff));
}

}  // namespace

RankedTable::RankedTable(MatrixView<float> x) : rows_(x.rows), columns_(x.columns) {
  if (x.rows >= kMissing)
    fail(Kind::unsupported, "a tree on {} rows: more than {}", x.rows, kMissing - 1);
  const auto cells = static_cast<size_t>(rows_ * columns_);
  order_.resize(cells);
  rank_.resize(cells);
  first_.push_back(0);
  std::vector<uint64_t> items(static_cast<size_t>(rows_)), spare(items.size());
  // A few columns at a time: a row's cache line serves them all.
  constexpr int64_t kBlock = 16;
  std::vector<uint32_t> block(static_cast<size_t>(rows_ * kBlock));
  for (int64_t start = 0; start < columns_; start += kBlock) {
    const int64_t width = std::min(kBlock, columns_ - start);
    for (int64_t r = 0; r < rows_; ++r)
      for (int64_t c = 0; c < width; ++c) {
        const float value = x(r, start + c);
        if (std::isinf(value))
          fail(Kind::data, "row {}, column {}: {} is not finite", r + 1, start + c + 1, value);
        block[static_cast<size_t>(c * rows_ + r)] = sortable(value);
      }
    for (int64_t c = 0; c < width; ++c) {
      const uint32_t* bits = block.data() + c * rows_;
      for (int64_t r = 0; r < rows_; ++r)
        items[static_cast<size_t>(r)] = uint64_t{bits[r]} << 32 | static_cast<uint32_t>(r);
      const uint64_t* sorted = radix_sort(items.data(), spare.data(), rows_, 32, 32);
      uint32_t* order = order_.data() + (start + c) * rows_;
      uint32_t* rank = rank_.data() + (start + c) * rows_;
      uint32_t next = 0;
      for (int64_t i = 0; i < rows_; ++i) {
        const auto here = static_cast<uint32_t>(sorted[i] >> 32);
        if (i == 0 || here != sorted[i - 1] >> 32) {
          if (here != kMissing) values_.push_back(from_sortable(here));
          ++next;
        }
        order[i] = static_cast<uint32_t>(sorted[i]);
        rank[i] = next - 1;
      }
      first_.push_back(values_.size());
      has_missing_.push_back(rows_ > 0 && rank[rows_ - 1] == distinct(start + c));
    }
  }
}

const uint32_t* RankedTable::rank_of_sample(int64_t column) const {
  std::call_once(indexed_, [&] {
    rank_of_sample_.resize(rank_.size());
    for (int64_t c = 0; c < columns_; ++c)
      for (int64_t i = 0; i < rows_; ++i)
        rank_of_sample_[static_cast<size_t>(c * rows_ + order(c)[i])] = rank(c)[i];
  });
  return rank_of_sample_.data() + column * rows_;
}

int64_t RankedTable::most_distinct() const {
  int64_t most = 0;
  for (int64_t c = 0; c < columns_; ++c) most = std::max(most, distinct(c));
  return most;
}

}  // namespace espalier
