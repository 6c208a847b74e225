#include "espalier/nn/schedule.h"

#include <cmath>

#include <gtest/gtest.h>

#include "espalier/core/error.h"

namespace espalier {
namespace {

TEST(Schedule, GradualWarmupClimbsEveryStepAndMeetsThePeak) {
  Schedule s{.shape = "constant", .total_steps = 100, .warmup_steps = 10, .warmup_start = 0.125};
  EXPECT_DOUBLE_EQ(schedule_factor(s, 0), 0.125);
  EXPECT_DOUBLE_EQ(schedule_factor(s, 4), 0.125 + 0.875 * 0.4);
  EXPECT_DOUBLE_EQ(schedule_factor(s, 10), 1.0);
  for (int64_t step = 1; step <= 10; ++step)
    EXPECT_NEAR(schedule_factor(s, step) - schedule_factor(s, step - 1), 0.0875, 1e-12);
}

TEST(Schedule, ConstantWarmupJumps) {
  Schedule s{.shape = "constant", .total_steps = 100, .warmup = "constant", .warmup_steps = 10};
  EXPECT_DOUBLE_EQ(schedule_factor(s, 0), 0.1);
  EXPECT_DOUBLE_EQ(schedule_factor(s, 9), 0.1);
  EXPECT_DOUBLE_EQ(schedule_factor(s, 10), 1.0);
}

TEST(Schedule, DecayingShapesHaveTheirClosedForm) {
  Schedule s{.total_steps = 80, .warmup = "none"};
  s.shape = "cosine";
  EXPECT_DOUBLE_EQ(schedule_factor(s, 0), 1.0);
  EXPECT_NEAR(schedule_factor(s, 40), 0.5, 1e-12);
  EXPECT_NEAR(schedule_factor(s, 20), (1 + std::sqrt(0.5)) / 2, 1e-12);
  s.shape = "linear";
  EXPECT_DOUBLE_EQ(schedule_factor(s, 20), 0.75);
  s.shape = "poly";
  s.power = 2;
  EXPECT_DOUBLE_EQ(schedule_factor(s, 20), 0.5625);
  s.floor = 0.2;
  EXPECT_DOUBLE_EQ(schedule_factor(s, 20), 0.2 + 0.8 * 0.5625);
}

TEST(Schedule, DecayBeginsAfterWarmup) {
  Schedule s{.shape = "linear", .total_steps = 110, .warmup_steps = 10};
  EXPECT_DOUBLE_EQ(schedule_factor(s, 10), 1.0);
  EXPECT_DOUBLE_EQ(schedule_factor(s, 60), 0.5);
  EXPECT_DOUBLE_EQ(schedule_factor(s, 110), 0.0);
}

TEST(Schedule, MultistepDropsAtItsShares) {
  Schedule s{.shape = "multistep", .total_steps = 100, .warmup = "none"};
  EXPECT_DOUBLE_EQ(schedule_factor(s, 49), 1.0);
  EXPECT_DOUBLE_EQ(schedule_factor(s, 50), 0.1);
  EXPECT_NEAR(schedule_factor(s, 75), 0.01, 1e-15);
}

TEST(Schedule, UnknownWordsOfferTheNearest) {
  try {
    schedule_factor({.shape = "cosin"}, 0);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Kind::usage);
    EXPECT_NE(std::string(error.what()).find("did you mean cosine"), std::string::npos);
  }
}

}  // namespace
}  // namespace espalier
