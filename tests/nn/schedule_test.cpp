#include "espalier/nn/schedule.h"

#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/core/files.h"

namespace espalier {
namespace {

// What torch.optim.lr_scheduler does (tests/golden/make_schedule_golden.py).
// Kept, since tests range over parts of it.
const nlohmann::json& golden() {
  static const nlohmann::json read = nlohmann::json::parse(
      read_file(fs::path(__FILE__).parent_path().parent_path() / "golden" / "schedules.json"));
  return read;
}

TEST(Schedule, OneCycleIsPythonsWithItsMomentum) {
  for (const auto& row : golden()["one_cycle"]) {
    Schedule s{.shape = "one_cycle", .total_steps = row["total"], .warmup_steps = 5};
    s.cycle = {.peak_at = row["peak_at"],
               .start = 1 / row["div"].get<double>(),
               .end = 1 / row["final_div"].get<double>(),
               .anneal = row["anneal"],
               .three_phase = row["three_phase"]};
    for (int64_t step = 0; step < s.total_steps; ++step) {
      EXPECT_NEAR(schedule_factor(s, step), row["rates"][static_cast<size_t>(step)], 1e-12)
          << row["total"] << " steps, step " << step;
      EXPECT_NEAR(one_cycle_momentum(s, step, 0.85, 0.95),
                  row["momenta"][static_cast<size_t>(step)], 1e-12)
          << row["total"] << " steps, step " << step;
    }
  }
}

TEST(Schedule, DecayingShapesArePythons) {
  nlohmann::json shapes = golden()["shapes"];
  Schedule s{.total_steps = shapes["total"], .warmup = "none", .gamma = 0.2};
  for (const char* shape : {"cosine", "multistep", "poly", "linear"}) {
    s.shape = shape;
    s.floor = s.shape == "poly" ? 0 : 0.1;
    for (int64_t step = 0; step < s.total_steps; ++step)
      EXPECT_NEAR(schedule_factor(s, step), shapes[shape][static_cast<size_t>(step)], 1e-12)
          << shape << ", step " << step;
  }
}

// Whatever the settings: rates between 0 and the peak, also for runs of a step or two.
TEST(Schedule, EveryShapeStaysBetweenZeroAndThePeak) {
  for (const std::string& shape : schedule_shapes())
    for (int64_t total : {1, 2, 3, 50})
      for (double peak_at : {0.0, 0.3, 1.0})
        for (bool three : {false, true}) {
          Schedule s{.shape = shape, .total_steps = total};
          s.cycle.peak_at = peak_at;
          s.cycle.three_phase = three;
          for (int64_t step = 0; step < total; ++step) {
            double factor = schedule_factor(s, step);
            EXPECT_TRUE(factor >= 0 && factor <= 1) << shape << ": " << factor;
          }
        }
}

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
