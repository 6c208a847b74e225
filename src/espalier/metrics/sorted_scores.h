// Scores with their truths, sorted: what a threshold is drawn through.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "espalier/core/memory.h"

namespace espalier {

// An item is the magnitude of a score, as a whole number that rises with the score, above one bit of truth. Below 0 and
// from 0 on are two lists, so that 63 bits hold a score exactly.
class SortedScores {
 public:
  // Throws Error(data) naming a score that is not a number. `positive` holds 0 and 1, as many.
  SortedScores(std::span<const uint8_t> positive, std::span<const double> score);

  // Both rising, and all of the first below the second.
  std::span<const uint64_t> negative() const { return {items_.get(), negative_}; }
  std::span<const uint64_t> from_zero() const {
    return {items_.get() + negative_, count_ - negative_};
  }
  static bool is_positive(uint64_t item) { return item & 1; }
  static double score(uint64_t item, bool negative) {
    return std::bit_cast<double>(negative ? ~(item >> 1) : item >> 1);
  }

 private:
  size_t count_, negative_ = 0;
  LargeArray<uint64_t> items_;
};

}  // namespace espalier
