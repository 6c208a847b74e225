#include "espalier/metrics/rank_correlation.h"

#include <gtest/gtest.h>

namespace espalier {
namespace {

TEST(RankCorrelation, SpearmanGivesTiesTheirMeanRank) {
  EXPECT_DOUBLE_EQ(spearman({{1, 10}, {2, 20}, {3, 400}}), 1);
  EXPECT_DOUBLE_EQ(spearman({{1, 3}, {2, 2}, {3, 1}}), -1);
  EXPECT_NEAR(spearman({{1, 1}, {2, 2}, {2, 3}, {4, 4}}), 0.9486832980505138, 1e-12);
  EXPECT_EQ(spearman({{1, 1}, {1, 2}}), 0);
}

// scipy.stats.kendalltau of the same lists.
TEST(RankCorrelation, KendallIsThatOfScipyWithTies) {
  EXPECT_NEAR(kendall({{12, 1}, {2, 4}, {1, 7}, {12, 1}, {2, 0}}), -0.4714045207910316, 1e-15);
  EXPECT_DOUBLE_EQ(kendall({{1, 10}, {2, 20}, {3, 400}}), 1);
  EXPECT_DOUBLE_EQ(kendall({{1, 3}, {2, 2}, {3, 1}}), -1);
  EXPECT_EQ(kendall({{1, 1}, {1, 2}}), 0);
  EXPECT_EQ(kendall({}), 0);
}

TEST(RankCorrelation, TheIntervalHoldsTauAndNarrowsWithMorePairs) {
  auto noisy = [](int n) {
    NumberPairs pairs;
    for (int i = 0; i < n; ++i) pairs.emplace_back(i, i + 7 * ((i * 37) % 11));
    return pairs;
  };
  const Interval few = kendall_interval(noisy(15)), many = kendall_interval(noisy(150));
  EXPECT_LT(few.low, kendall(noisy(15)));
  EXPECT_GT(few.high, kendall(noisy(15)));
  EXPECT_LT(many.high - many.low, few.high - few.low);
}

}  // namespace
}  // namespace espalier
