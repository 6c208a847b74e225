// What a scan over a node's sorted samples adds up, a class for each way; here, counts of classes. A sample is one 64-bit item: its rank
// in the column in the highest bits, `payload_bits` bits for whatever the statistic wants at hand, its number in the
// low 32. A Cursor is made for a node, moves samples from right to left, and scores the cut; higher is better.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "espalier/tabular/tree_grow.h"

namespace espalier {

using Items = std::span<const uint64_t>;

inline uint32_t sample_of(uint64_t item) {
  return static_cast<uint32_t>(item);
}

// In bits; `counts` add up to `all`.
template <class Number>
double class_impurity(bool entropy, const std::vector<Number>& counts, double all) {
  double sum = entropy ? 0 : 1;
  for (const Number count : counts) {
    const double share = static_cast<double>(count) / all;
    if (share > 0) sum -= share * (entropy ? std::log2(share) : share);
  }
  return sum;
}

template <class Number>
NodeFacts class_facts(bool entropy,
                      const std::vector<Number>& counts,
                      double all,
                      int64_t samples) {
  NodeFacts facts{samples, all, class_impurity(entropy, counts, all), {}};
  for (const Number count : counts) facts.value.push_back(static_cast<double>(count) / all);
  return facts;
}

// Whole samples, each drawn once or `kTimes` times. Entropy is added up in fixed point from a table of n log2 n, Gini
// from squares of whole numbers: equal cuts have equal scores, whichever way they were reached.
template <bool kEntropy, bool kTimes>
class ClassCounts {
 public:
  static constexpr bool kCheap =
      true;  // scoring costs no more than looking whether a cut is possible
  using Score = std::conditional_t<kEntropy, int64_t, double>;

  ClassCounts(const TreeTarget& target, std::span<const uint32_t> samples)
      : target_(target), class_bits_(bits_for(target.classes - 1)) {
    int64_t all = 0, most = 1;
    for (const uint32_t sample : samples) {
      all += times(sample);
      most = std::max<int64_t>(most, times(sample));
    }
    payload_bits = class_bits_ + bits_for(most - 1);
    counts_.resize(static_cast<size_t>(target.classes));
    if constexpr (kEntropy) {
      const double largest = static_cast<double>(all) * std::log2(static_cast<double>(all) + 1);
      const double scale = std::exp2(60 - std::ceil(std::log2(largest + 1)));
      table_.resize(static_cast<size_t>(all) + 2);
      for (size_t n = 1; n < table_.size(); ++n)
        table_[n] =
            std::llround(scale * static_cast<double>(n) * std::log2(static_cast<double>(n)));
      for (size_t n = 1; n < table_.size(); ++n) step_.push_back(table_[n] - table_[n - 1]);
    } else {
      for (int64_t n = 0; n <= all; ++n) inverse_.push_back(1 / static_cast<double>(n));
    }
  }

  int payload_bits = 0;
  uint32_t payload(uint32_t sample) const {
    return static_cast<uint32_t>(target_.labels[sample]) | static_cast<uint32_t>(times(sample) - 1)
                                                               << class_bits_;
  }

  NodeFacts facts(Items a, Items b) const {
    std::vector<int64_t> counts(counts_.size());
    int64_t all = 0;
    for (const Items part : {a, b})
      for (const uint64_t item : part) {
        const int64_t w = times(item);
        counts[label(item)] += w;
        all += w;
      }
    return class_facts(kEntropy, counts, static_cast<double>(all),
                       static_cast<int64_t>(a.size() + b.size()));
  }

  // Looks at the samples of a node, in any order.
  void enter(Items items) {
    totals_.assign(counts_.size(), 0);
    all_ = 0;
    for (const uint64_t item : items) {
      totals_[label(item)] += static_cast<int32_t>(times(item));
      all_ += times(item);
    }
  }

  struct Pair {
    int32_t left, right;
  };
  struct Cursor {
    Pair* counts;
    const int64_t *table, *step;
    const double* inverse;
    uint32_t class_mask, times_mask;
    int class_bits;
    int64_t left = 0, all, sum = 0,
            other = 0;  // entropy: sum of table over both sides; Gini: squares of each

    void move(uint64_t item) {
      const auto key = static_cast<uint32_t>(item >> 32);
      const int32_t w = kTimes ? static_cast<int32_t>(key >> class_bits & times_mask) + 1 : 1;
      Pair& pair = counts[key & class_mask];
      const Pair old = pair;
      pair = {old.left + w, old.right - w};
      if constexpr (kEntropy) {
        if constexpr (kTimes)
          sum +=
              (table[old.left + w] - table[old.left]) - (table[old.right] - table[old.right - w]);
        else
          sum += step[old.left] - step[old.right - 1];
      } else {
        sum += int64_t{w} * (2 * int64_t{old.left} + w);
        other += int64_t{w} * (w - 2 * int64_t{old.right});
      }
      left += w;
    }
    Score score() const {
      if constexpr (kEntropy)
        return sum - table[left] - table[all - left];
      else
        return static_cast<double>(sum) / static_cast<double>(left) +
               static_cast<double>(other) / static_cast<double>(all - left);
    }
    // Not below score(), and cheaper.
    Score bound() const {
      if constexpr (kEntropy) return score();
      return (static_cast<double>(sum) * inverse[left] +
              static_cast<double>(other) * inverse[all - left]) *
             (1 + 1e-14);
    }
    double left_weight() const { return static_cast<double>(left); }
    double right_weight() const { return static_cast<double>(all - left); }
  };
  Cursor cursor() {
    int64_t sum = 0;
    for (size_t c = 0; c < counts_.size(); ++c) {
      counts_[c] = {0, totals_[c]};
      sum += kEntropy ? table_[static_cast<size_t>(totals_[c])] : int64_t{totals_[c]} * totals_[c];
    }
    return {.counts = counts_.data(),
            .table = table_.data(),
            .step = step_.data(),
            .inverse = inverse_.data(),
            .class_mask = (uint32_t{1} << class_bits_) - 1,
            .times_mask = (uint32_t{1} << (payload_bits - class_bits_)) - 1,
            .class_bits = class_bits_,
            .all = all_,
            .sum = kEntropy ? sum : 0,
            .other = kEntropy ? 0 : sum};
  }

 private:
  static int bits_for(int64_t largest) { return std::bit_width(static_cast<uint64_t>(largest)); }
  int64_t times(uint32_t sample) const { return kTimes ? target_.times[sample] : 1; }
  int64_t times(uint64_t item) const {
    if (!kTimes) return 1;
    const auto mask = (uint64_t{1} << (payload_bits - class_bits_)) - 1;
    return static_cast<int64_t>(item >> (32 + class_bits_) & mask) + 1;
  }
  size_t label(uint64_t item) const { return item >> 32 & ((uint64_t{1} << class_bits_) - 1); }

  TreeTarget target_;
  int class_bits_;
  std::vector<int64_t> table_, step_;  // n log2 n in fixed point; from n to n + 1
  std::vector<double> inverse_;        // 1 / n
  std::vector<Pair> counts_;
  std::vector<int32_t> totals_;
  int64_t all_ = 0;
};

}  // namespace espalier
