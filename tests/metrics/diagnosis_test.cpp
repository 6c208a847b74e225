// The rules by which numbers become a verdict, on either side of their thresholds, and the law of learning curves.
#include "espalier/metrics/diagnosis.h"

#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace espalier {
namespace {

TEST(PowerLaw, IsFoundAgainInItsOwnPoints) {
  for (const double rate : {0.3, 0.7, 1.4})
    for (const double limit : {0.0, 0.12}) {
      std::vector<double> n, error, weight;
      for (double rows = 50; rows < 2000; rows *= 2) {
        n.push_back(rows);
        error.push_back(limit + 2 * std::pow(rows, -rate));
        weight.push_back(1);
      }
      const PowerLaw law = fit_power_law(n, error, weight);
      EXPECT_NEAR(law.at(3200), limit + 2 * std::pow(3200, -rate), 2e-3) << rate << " " << limit;
    }
}

TEST(PowerLaw, OfACurveThatDoesNotFallIsFlat) {
  const std::vector<double> n = {10, 20, 40, 80}, rising = {0.2, 0.22, 0.23, 0.25},
                            weight = {1, 1, 1, 1};
  const PowerLaw law = fit_power_law(n, rising, weight);
  EXPECT_DOUBLE_EQ(law.at(80), law.at(160));
  EXPECT_NEAR(law.at(80), 0.225, 1e-12);
}

// A model of classes without any fault: 90 % of which 50 % are chance.
Diagnosis sound() {
  Diagnosis d;
  d.model = "tree";
  d.score_name = "accuracy";
  d.chance = 0.5;
  d.train = 0.93;
  d.held_out = 0.9;
  d.shuffled = 0.5;
  d.signal = Gain{0.4, {0.35, 0.45}};
  d.curve.points = {{100, 0.95, 0.86, {0.8, 0.9}},
                    {200, 0.94, 0.89, {0.85, 0.92}},
                    {400, 0.93, 0.9, {0.88, 0.92}}};
  d.curve.growth = {0.04, {0.01, 0.07}};
  d.curve.next_doubling = 0.004;
  d.leaks = LeakScan{};
  d.leaks->asked_rows = 100;
  d.noise = NoiseCheck{};
  d.noise->rows = 400;
  d.noise->score = 0.9;
  d.noise->sure_error = 0.01;
  d.noise->sure_interval = {0, 0.03};
  d.shift = ShiftCheck{};
  d.shift->harm = Gain{0.001, {-0.02, 0.02}};
  return d;
}

Cause first(const Diagnosis& d) {
  return judge(d)[0].cause;
}

TEST(Verdict, OfNothingWrongIsThatItIsGood) {
  EXPECT_EQ(first(sound()), Cause::as_good_as_it_gets);
  EXPECT_EQ(judge(sound()).size(), 1u);
}

TEST(Verdict, OfASettingNeedsAGainThatIsLargeAndSure) {
  Diagnosis d = sound();
  d.sweep = {{.name = "--max-depth 3", .more_complex = false, .gain = Gain{0.016, {0.001, 0.03}}}};
  EXPECT_EQ(first(d), Cause::too_complex);
  d.sweep[0].gain = Gain{0.014, {0.001, 0.03}};
  EXPECT_EQ(first(d), Cause::as_good_as_it_gets);
  d.sweep[0].gain = Gain{0.05, {-0.001, 0.1}};
  EXPECT_EQ(first(d), Cause::as_good_as_it_gets);
  d.sweep[0].gain = Gain{0.05, {0.001, 0.1}};
  d.sweep[0].more_complex = true;
  EXPECT_EQ(first(d), Cause::too_simple);
}

TEST(Verdict, OfTooLittleDataNeedsACurveThatRisesAndAGap) {
  Diagnosis d = sound();
  d.curve.next_doubling = 0.011;
  EXPECT_EQ(first(d), Cause::too_little_data);
  d.curve.growth.interval.low = -0.001;
  EXPECT_EQ(first(d), Cause::as_good_as_it_gets);
  d.curve.growth.interval.low = 0.01;
  d.train = 0.905;
  EXPECT_EQ(first(d), Cause::as_good_as_it_gets);
  d.curve.points.pop_back();
  EXPECT_EQ(first(d), Cause::as_good_as_it_gets);
}

TEST(Verdict, OfALeakStandsFirst) {
  Diagnosis d = sound();
  d.sweep = {{.name = "--max-depth 3", .more_complex = false, .gain = Gain{0.2, {0.1, 0.3}}}};
  d.leaks->duplicates = 2;
  d.leaks->expected = 0.5;
  EXPECT_EQ(first(d), Cause::leaking);
  EXPECT_EQ(judge(d).size(), 2u);
  d.leaks->expected = 1;  // by chance a third of that
  EXPECT_EQ(first(d), Cause::too_complex);
  d.leaks->columns = {{.name = "id", .alone = 0.995, .without = 0.9, .identifier = false}};
  EXPECT_EQ(first(d), Cause::leaking);
  d.leaks->columns[0].without = 0.96;  // the others know it too
  EXPECT_EQ(first(d), Cause::too_complex);
  d.leaks->columns[0] = {.name = "id", .alone = 0.7, .without = 0.6, .identifier = true};
  EXPECT_EQ(first(d), Cause::leaking);
  d.leaks->columns[0].identifier = false;
  EXPECT_EQ(first(d), Cause::too_complex);
}

TEST(Verdict, OfNoiseNeedsSureAnswersThatAreWrongAsOftenAsOthers) {
  Diagnosis d = sound();
  d.noise->score = 0.8;
  d.noise->sure_error = 0.15;
  d.noise->sure_interval = {0.1, 0.2};
  EXPECT_EQ(first(d), Cause::noisy_labels);
  Diagnosis overlap = d;
  overlap.noise->sure_error = 0.11;
  EXPECT_EQ(first(overlap), Cause::as_good_as_it_gets);
  Diagnosis rising = d;
  rising.curve.growth.value = 0.06;
  EXPECT_EQ(first(rising), Cause::as_good_as_it_gets);
  Diagnosis few = d;
  few.noise->rows = 99;
  EXPECT_EQ(first(few), Cause::as_good_as_it_gets);
  Diagnosis weak = d;
  weak.noise->score = 0.6;
  weak.noise->sure_error = 0.4;
  EXPECT_EQ(first(weak), Cause::as_good_as_it_gets);
}

TEST(Verdict, OfShiftNeedsHarm) {
  Diagnosis d = sound();
  d.shift->auc = 1;
  d.shift->interval = {0.99, 1};
  EXPECT_EQ(first(d), Cause::as_good_as_it_gets);
  d.shift->harm = Gain{0.04, {0.01, 0.07}};
  d.shift->columns = {{"city", 0.8}};
  EXPECT_EQ(first(d), Cause::shifted);
  EXPECT_NE(judge(d)[0].because.find("'city'"), std::string::npos);
  d.shift.reset();
  d.time = TimeCheck{"year", 320, 80, 0.8, 0.86, {0.06, {0.02, 0.1}}};
  EXPECT_EQ(first(d), Cause::shifted);
}

TEST(Verdict, OfColumnsThatSayNothingSaysSo) {
  Diagnosis d = sound();
  d.signal = Gain{0.01, {-0.04, 0.06}};
  EXPECT_NE(judge(d)[0].because.find("say nothing"), std::string::npos);
}

TEST(Verdict, AndAllItsNumbersAreJson) {
  const nlohmann::ordered_json json = to_json(sound());
  EXPECT_EQ(json["verdict"], "as good as this data allows");
  EXPECT_EQ(json["learning_curve"]["points"].size(), 3u);
  EXPECT_NEAR(json["gap"].get<double>(), 0.03, 1e-12);
  EXPECT_TRUE(json["time"].is_null());
}

}  // namespace
}  // namespace espalier
