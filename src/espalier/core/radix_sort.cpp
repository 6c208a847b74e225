#include "espalier/core/radix_sort.h"

#include <algorithm>
#include <array>
#include <utility>

namespace espalier {

uint64_t* radix_sort(uint64_t* items, uint64_t* spare, int64_t count, int low, int bits) {
  constexpr int kMostDigit = 11, kMostPasses = 3;
  const int passes = (bits + kMostDigit - 1) / kMostDigit, digit = (bits + passes - 1) / passes;
  const uint64_t size = uint64_t{1} << digit, mask = size - 1;
  // The counts of all digits in one reading.
  std::array<std::array<uint32_t, 1 << kMostDigit>, kMostPasses> place;
  for (int pass = 0; pass < passes; ++pass) std::fill_n(place[pass].begin(), size, 0);
  for (int64_t i = 0; i < count; ++i)
    for (int pass = 0; pass < passes; ++pass)
      ++place[pass][items[i] >> (low + pass * digit) & mask];
  for (int pass = 0; pass < passes; ++pass, low += digit) {
    uint32_t sum = 0;
    for (uint64_t d = 0; d < size; ++d) sum += std::exchange(place[pass][d], sum);
    for (int64_t i = 0; i < count; ++i) spare[place[pass][items[i] >> low & mask]++] = items[i];
    std::swap(items, spare);
  }
  return items;
}

}  // namespace espalier
