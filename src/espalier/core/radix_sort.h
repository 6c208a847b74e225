// Whole numbers sorted by some of their bits, in time that grows as their count.
#pragma once

#include <cstdint>

namespace espalier {

// Sorts by at least the bits `low`..`low + bits - 1` of what items are above `least` (1 <= bits <= 33; above those bits
// all must be 0), stable; `spare` is as long. Returns whichever of the two holds the result. Fewer than 2^32 items.
uint64_t* radix_sort(
    uint64_t* items, uint64_t* spare, int64_t count, int low, int bits, uint64_t least = 0);

// Sorts by all 64 bits, in place; `spare` is as long. As fast as the numbers are spread: two rounds of radix_sort on the
// bits in which they differ most, and neighbours put right; heaps of near ones take further rounds.
void sort_numbers(uint64_t* items, uint64_t* spare, int64_t count);

}  // namespace espalier
