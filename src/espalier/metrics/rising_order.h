// The order of numbers, and the ranks that equal ones share: what every score of a ranking begins with.
//
//   std::vector<uint32_t> order = rising_order(scores);
//   scores[order.front()];                               // the lowest
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace espalier {

// Indices of `values` from the lowest to the highest; equal ones (-0 equals 0) by index. Infinities stand at the
// ends. A radix sort: a million in about 10 ms. Throws Error(data) naming the place of a NaN, Error(unsupported)
// from 2^32 values on.
std::vector<uint32_t> rising_order(std::span<const double> values);

// Of each value its place in that order, 1 for the lowest; equal ones get the mean of theirs (mid-ranks).
std::vector<double> mid_ranks(std::span<const double> values);

}  // namespace espalier
