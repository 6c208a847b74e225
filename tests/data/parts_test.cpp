#include "espalier/data/parts.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace espalier {
namespace {

TEST(Parts, CoverTheBatchInOrderEvenlyAndNeverWithASingleImage) {
  for (int count = 1; count <= 40; ++count)
    for (int64_t most : {1, 2, 3, 7, 16, 64}) {
      int next = 0, smallest = count, largest = 0;
      for (const Part& part : parts_of(count, most)) {
        EXPECT_EQ(part.first, next);
        next += part.count;
        smallest = std::min(smallest, part.count);
        largest = std::max(largest, part.count);
      }
      EXPECT_EQ(next, count);
      EXPECT_LE(largest - smallest, 1);
      EXPECT_GE(smallest, std::min(count, 2)) << count << " by " << most;
      EXPECT_LE(largest, std::max<int64_t>(most, 3)) << count << " by " << most;
    }
}

TEST(Parts, HoldTheirOwnPixelsTruthsAndIndices) {
  Batch batch{
      .count = 5, .height = 1, .width = 2, .channels = 1, .pixels = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}};
  for (int i = 0; i < 5; ++i) {
    batch.truth.emplace_back().labels = {{.id = i}};
    batch.indices.push_back(10 + i);
  }
  Batch part = cut(batch, {.first = 2, .count = 3});
  EXPECT_EQ(part.count, 3);
  EXPECT_EQ(part.width, 2);
  EXPECT_EQ(part.pixels, (std::vector<uint8_t>{4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(part.truth[0].labels[0].id, 2);
  EXPECT_EQ(part.indices, (std::vector<int64_t>{12, 13, 14}));
}

}  // namespace
}  // namespace espalier
