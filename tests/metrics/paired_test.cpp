#include "espalier/metrics/paired.h"

#include <cmath>

#include <gtest/gtest.h>

#include "espalier/core/error.h"

namespace espalier {
namespace {

// mean -+ t(4) s / sqrt(5), as scipy.stats.ttest_rel(a, b).confidence_interval() has it.
TEST(Paired, TheIntervalIsThatOfThePairedTTest) {
  PairedDifference gain =
      paired_difference({0.91, 0.92, 0.90, 0.93, 0.90}, {0.90, 0.90, 0.91, 0.90, 0.90});
  EXPECT_EQ(gain.pairs, 5);
  EXPECT_EQ(gain.above, 3);
  EXPECT_EQ(gain.below, 1);
  EXPECT_NEAR(gain.mean, 0.01, 1e-12);
  const double reach = 2.7764451051977934 * std::sqrt(0.00025) / std::sqrt(5.0);
  EXPECT_NEAR(gain.interval->low, 0.01 - reach, 1e-9);
  EXPECT_NEAR(gain.interval->high, 0.01 + reach, 1e-9);
}

TEST(Paired, OnePairHasNoInterval) {
  PairedDifference gain = paired_difference({0.5}, {0.25});
  EXPECT_EQ(gain.mean, 0.25);
  EXPECT_FALSE(gain.interval);
  EXPECT_THROW(paired_difference({1, 2}, {1}), Error);
  EXPECT_THROW(paired_difference({}, {}), Error);
}

}  // namespace
}  // namespace espalier
