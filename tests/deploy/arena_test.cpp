#include "espalier/deploy/arena.h"

#include <gtest/gtest.h>

#include "espalier/core/random.h"

namespace espalier {
namespace {

TEST(Arena, ValuesThatFollowEachOtherShareTheirPlace) {
  ArenaLayout layout = lay_out({{.bytes = 100, .first = 0, .last = 1},
                                {.bytes = 100, .first = 1, .last = 2},
                                {.bytes = 100, .first = 2, .last = 3}});
  EXPECT_EQ(layout.bytes, 256u);  // two at a time, each rounded to 128
  EXPECT_EQ(layout.offsets[0], layout.offsets[2]);
}

TEST(Arena, FillsTheGapUnderALargerOne) {
  // The small one fits below the second large one, where the first has ended.
  ArenaLayout layout = lay_out({{.bytes = 640, .first = 0, .last = 1},
                                {.bytes = 640, .first = 1, .last = 5},
                                {.bytes = 64, .first = 3, .last = 5}});
  EXPECT_EQ(layout.bytes, 1280u);
  EXPECT_LT(layout.offsets[2], 640u);
}

TEST(Arena, NeverLetsTwoLiveValuesOverlap) {
  Random random(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<Tenant> tenants;
    size_t together = 0;
    for (int i = 0; i < 30; ++i) {
      auto below = [&](int64_t n) { return static_cast<size_t>(random.below(n)); };
      size_t first = below(40);
      tenants.push_back({.bytes = below(5000), .first = first, .last = first + below(12)});
      together += tenants.back().bytes + kArenaAlignment;
    }
    ArenaLayout layout = lay_out(tenants);
    EXPECT_LE(layout.bytes, together);
    for (size_t a = 0; a < tenants.size(); ++a) {
      EXPECT_EQ(layout.offsets[a] % kArenaAlignment, 0u);
      EXPECT_LE(layout.offsets[a] + tenants[a].bytes, layout.bytes);
      for (size_t b = 0; b < a; ++b) {
        if (tenants[a].last < tenants[b].first || tenants[b].last < tenants[a].first) continue;
        EXPECT_TRUE(layout.offsets[a] + tenants[a].bytes <= layout.offsets[b] ||
                    layout.offsets[b] + tenants[b].bytes <= layout.offsets[a]);
      }
    }
  }
}

}  // namespace
}  // namespace espalier
