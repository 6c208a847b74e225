// Whole numbers sorted by some of their bits, in time that grows as their count.
#pragma once

#include <cstdint>

namespace espalier {

// Sorts by at least the bits `low`..`low + bits - 1` (1 <= bits <= 33; above them all must be 0), stable; `spare` is as
// long. Returns whichever of the two holds the result. Fewer than 2^32 items.
uint64_t* radix_sort(uint64_t* items, uint64_t* spare, int64_t count, int low, int bits);

}  // namespace espalier
