#include "espalier/core/radix_sort.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace espalier {
namespace {

constexpr int kMostDigit = 11;

template <int passes>
uint64_t* sort_by_digits(
    uint64_t* items, uint64_t* spare, int64_t count, int low, int bits, uint64_t least) {
  const int digit = (bits + passes - 1) / passes;
  const uint64_t size = uint64_t{1} << digit, mask = size - 1;
  // The counts of all digits in one reading.
  std::array<std::array<uint32_t, 1 << kMostDigit>, passes> place;
  for (auto& counts : place) std::fill_n(counts.begin(), size, 0);
  for (int64_t i = 0; i < count; ++i) {
    uint64_t rest = (items[i] - least) >> low;
    for (int pass = 0; pass < passes; ++pass, rest >>= digit) ++place[pass][rest & mask];
  }
  for (int pass = 0; pass < passes; ++pass, low += digit) {
    uint32_t* next = place[pass].data();
    uint32_t sum = 0;
    for (uint64_t d = 0; d < size; ++d) sum += std::exchange(next[d], sum);
    for (int64_t i = 0; i < count; ++i) spare[next[(items[i] - least) >> low & mask]++] = items[i];
    std::swap(items, spare);
  }
  return items;
}

constexpr int64_t kFew = 64, kFewSteps = 32;

// By insertion; gives up, with the same items in another order, when one stands further than a few places off.
bool insert_all(uint64_t* items, int64_t count) {
  for (int64_t i = 1; i < count; ++i) {
    const uint64_t item = items[i];
    if (item >= items[i - 1]) continue;
    const int64_t lowest = std::max<int64_t>(0, i - kFewSteps);
    int64_t at = i;
    for (; at > lowest && items[at - 1] > item; --at) items[at] = items[at - 1];
    items[at] = item;
    if (at > 0 && items[at - 1] > item) return false;
  }
  return true;
}

// Each run of items that agree above `shift`.
void sort_runs(uint64_t* items, uint64_t* spare, int64_t count, int shift, uint64_t least) {
  for (int64_t begin = 0; begin < count;) {
    int64_t end = begin + 1;
    const uint64_t drawer = (items[begin] - least) >> shift;
    while (end < count && (items[end] - least) >> shift == drawer) ++end;
    sort_numbers(items + begin, spare + begin, end - begin);
    begin = end;
  }
}

}  // namespace

uint64_t* radix_sort(
    uint64_t* items, uint64_t* spare, int64_t count, int low, int bits, uint64_t least) {
  const int passes = (bits + kMostDigit - 1) / kMostDigit;
  return passes == 1   ? sort_by_digits<1>(items, spare, count, low, bits, least)
         : passes == 2 ? sort_by_digits<2>(items, spare, count, low, bits, least)
                       : sort_by_digits<3>(items, spare, count, low, bits, least);
}

void sort_numbers(uint64_t* items, uint64_t* spare, int64_t count) {
  if (count <= kFew) {
    if (!insert_all(items, count)) std::sort(items, items + count);
    return;
  }
  uint64_t least = items[0], most = items[0];
  for (int64_t i = 1; i < count; ++i) {
    least = std::min(least, items[i]);
    most = std::max(most, items[i]);
  }
  const int width = std::bit_width(most - least);
  if (width == 0) return;
  // A few times as many drawers as numbers, in up to two rounds of 11 bits.
  const int bits = std::min({width, 22, static_cast<int>(std::bit_width(uint64_t(count))) + 2});
  const int shift = width - bits;
  const uint64_t* sorted = radix_sort(items, spare, count, shift, bits, least);
  if (sorted != items) std::copy(sorted, sorted + count, items);
  if (shift > 0 && !insert_all(items, count)) sort_runs(items, spare, count, shift, least);
}

}  // namespace espalier
