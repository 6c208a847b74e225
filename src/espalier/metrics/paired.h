// Two ways to do a thing compared over runs that share what else varies (seed, split): the mean of the
// differences, and how sure it is.
//
//   PairedDifference gain = paired_difference(with_it, without);
//   fmt::print("{:+.3f} ({:+.3f} to {:+.3f})\n", gain.mean, gain.interval->low, gain.interval->high);
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "espalier/metrics/scores.h"

namespace espalier {

struct PairedDifference {
  int64_t pairs = 0, above = 0, below = 0;  // above: the first is the larger
  double mean = 0;                          // of first - second
  std::optional<Interval> interval;         // of that, 95 %; from two pairs on
};

// Throws Error(internal) for lists of different length or without a pair.
PairedDifference paired_difference(const std::vector<double>& first,
                                   const std::vector<double>& second);

}  // namespace espalier
