#include "espalier/core/radix_sort.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "espalier/core/random.h"

namespace espalier {
namespace {

TEST(SortNumbers, IsTheSortByComparisonHoweverTheyAreSpread) {
  Random random(5);
  for (const int64_t count : {0, 1, 2, 64, 65, 700, 40000})
    for (int kind = 0; kind < 7; ++kind) {
      std::vector<uint64_t> items;
      for (int64_t i = 0; i < count; ++i) {
        const uint64_t bits = random.bits();
        const uint64_t shapes[] = {bits,
                                   bits % 3,
                                   bits >> random.below(64),             // of every size
                                   (bits & 0xfff) + (bits >> 63 << 63),  // two heaps far apart
                                   ~uint64_t{0} - (bits & 0xffffff),
                                   uint64_t(count - i),
                                   uint64_t(i / 2)};
        items.push_back(shapes[kind]);
      }
      std::vector<uint64_t> expected = items, spare(items.size());
      std::sort(expected.begin(), expected.end());
      sort_numbers(items.data(), spare.data(), count);
      EXPECT_EQ(items, expected) << count << " of kind " << kind;
    }
}

}  // namespace
}  // namespace espalier
