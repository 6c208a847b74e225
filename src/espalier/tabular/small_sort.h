// Sorting a few items by counting, for each, how many come before it: n^2 comparisons, sixteen at a time and
// without a branch.
#pragma once

#include <cstdint>

namespace espalier {

constexpr int64_t kSmallSort = 192;

// By the high 32 bits, stable. count <= kSmallSort. `spare` is as long and gets the result, which is returned.
uint64_t* small_sort(const uint64_t* items, uint64_t* spare, int64_t count);

}  // namespace espalier
