#include "espalier/metrics/rising_order.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "espalier/core/error.h"
#include "espalier/core/radix_sort.h"

namespace espalier {
namespace {

constexpr int kIndexBits = 32;
constexpr int64_t kFew = 256;  // below, comparing is faster than counting digits

// Whole numbers in the order of the doubles; -0 is 0.
uint64_t sortable(double value) {
  const uint64_t bits = std::bit_cast<uint64_t>(value + 0.0);
  return bits ^ (bits >> 63 ? ~uint64_t{0} : uint64_t{1} << 63);
}

// An item is an index below 32 bits of its value's key.
class Sorter {
 public:
  explicit Sorter(std::span<const double> values) : values_(values) {}

  // The indices that stand in the low bits of `items`, which come by rising index; the result is in `items` too.
  void sort(uint64_t* items, uint64_t* spare, int64_t count) const {
    if (count <= kFew) {
      std::sort(items, items + count, [&](uint64_t a, uint64_t b) {
        const uint64_t first = key(a), second = key(b);
        return first != second ? first < second : index(a) < index(b);
      });
      return;
    }
    uint64_t low = ~uint64_t{0}, high = 0;
    for (int64_t i = 0; i < count; ++i) {
      low = std::min(low, key(items[i]));
      high = std::max(high, key(items[i]));
    }
    if (low == high) return;
    // The 32 highest bits in which keys can differ; who agrees in them is sorted by the rest.
    const int shift = std::max(0, static_cast<int>(std::bit_width(high - low)) - kIndexBits);
    for (int64_t i = 0; i < count; ++i)
      items[i] = (key(items[i]) - low) >> shift << kIndexBits | index(items[i]);
    const uint64_t* sorted = radix_sort(items, spare, count, kIndexBits, 32);
    if (sorted != items) std::copy(sorted, sorted + count, items);
    if (shift == 0) return;
    for (int64_t begin = 0; begin < count;) {
      int64_t end = begin + 1;
      while (end < count && items[end] >> kIndexBits == items[begin] >> kIndexBits) ++end;
      if (end - begin > 1) sort(items + begin, spare + begin, end - begin);
      begin = end;
    }
  }

 private:
  static uint32_t index(uint64_t item) { return static_cast<uint32_t>(item); }
  uint64_t key(uint64_t item) const { return sortable(values_[index(item)]); }

  std::span<const double> values_;
};

}  // namespace

std::vector<uint32_t> rising_order(std::span<const double> values) {
  if (values.size() >> kIndexBits != 0)
    fail(Kind::unsupported, "{} values to be put in order: more than 2^32 - 1", values.size());
  std::vector<uint64_t> items(values.size()), spare(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) fail(Kind::data, "score {} is not a number", i + 1);
    items[i] = i;
  }
  Sorter(values).sort(items.data(), spare.data(), static_cast<int64_t>(items.size()));
  return {items.begin(), items.end()};
}

std::vector<double> mid_ranks(std::span<const double> values) {
  const std::vector<uint32_t> order = rising_order(values);
  std::vector<double> ranks(values.size());
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin + 1;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    // Places begin + 1 .. end.
    const double middle = static_cast<double>(begin + 1 + end) / 2;
    for (size_t i = begin; i < end; ++i) ranks[order[i]] = middle;
    begin = end;
  }
  return ranks;
}

}  // namespace espalier
