#include "espalier/metrics/paired.h"

#include <cmath>

#include <gtest/gtest.h>

#include "espalier/core/error.h"

namespace espalier {
namespace {

// scipy.stats.t.ppf(0.975, df).
TEST(Paired, StudentsPointsEqualScipys) {
  EXPECT_NEAR(student_t_975(1), 12.706204736174694, 1e-8);
  EXPECT_NEAR(student_t_975(2), 4.302652729749462, 1e-8);
  EXPECT_NEAR(student_t_975(3), 3.182446305284263, 1e-8);
  EXPECT_NEAR(student_t_975(4), 2.7764451051977934, 1e-8);
  EXPECT_NEAR(student_t_975(9), 2.2621571628540993, 1e-8);
  EXPECT_NEAR(student_t_975(19), 2.093024054408263, 1e-8);
  EXPECT_NEAR(student_t_975(200), 1.971896224, 1e-8);
  EXPECT_THROW(student_t_975(0), Error);
}

// mean -+ t(4) s / sqrt(5), as scipy.stats.ttest_rel(a, b).confidence_interval() has it.
TEST(Paired, TheIntervalIsThatOfThePairedTTest) {
  PairedDifference gain =
      paired_difference({0.91, 0.92, 0.90, 0.93, 0.90}, {0.90, 0.90, 0.91, 0.90, 0.90});
  EXPECT_EQ(gain.pairs, 5);
  EXPECT_EQ(gain.above, 3);
  EXPECT_EQ(gain.below, 1);
  EXPECT_NEAR(gain.mean, 0.01, 1e-12);
  EXPECT_NEAR(gain.deviation, std::sqrt(0.00025), 1e-12);
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
