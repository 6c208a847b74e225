#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "espalier/core/error.h"
#include "espalier/core/random.h"
#include "espalier/report/axis.h"
#include "espalier/report/class_charts.h"
#include "espalier/report/line_chart.h"

namespace espalier {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

size_t occurrences(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(Axis, WidensToRoundNumbers) {
  const Axis axis = linear_axis(0.013, 0.97, 5);
  EXPECT_DOUBLE_EQ(axis.low, 0);
  EXPECT_DOUBLE_EQ(axis.high, 1);
  ASSERT_EQ(axis.ticks.size(), 6U);
  EXPECT_NEAR(axis.ticks[2], 0.4, 1e-12);
  EXPECT_EQ(tick_text(axis, axis.ticks[2]), "0.4");
  EXPECT_NEAR(axis.at(0.25), 0.25, 1e-12);
}

TEST(Axis, AnyRangeGivesFewRisingTicksAroundTheData) {
  Random random(5);
  for (int i = 0; i < 3000; ++i) {
    const double scale = std::pow(10, random.uniform(-120, 120));
    const double a = random.uniform(-1, 1) * scale,
                 b = a + random.uniform() * std::pow(10, random.uniform(-9, 3)) * scale;
    const Axis axis = linear_axis(a, b, 5);
    ASSERT_LT(axis.low, axis.high);
    ASSERT_GE(axis.ticks.size(), 2U) << a << " " << b;
    ASSERT_LE(axis.ticks.size(), 12U) << a << " " << b;
    ASSERT_TRUE(std::is_sorted(axis.ticks.begin(), axis.ticks.end()));
    if (scale > 1e90) continue;  // clamped
    ASSERT_LE(axis.at(a), 1);
    ASSERT_GE(axis.at(a), -1e-9);
    ASSERT_LE(axis.at(b), 1 + 1e-9);
  }
}

TEST(Axis, LogAxisHoldsTheDataAndItsTicks) {
  Random random(6);
  for (int i = 0; i < 3000; ++i) {
    const double low = std::pow(10, random.uniform(-30, 30)),
                 high = low * std::pow(10, random.uniform(0, 12));
    const Axis axis = log_axis(low, high);
    ASSERT_LE(axis.low, low * (1 + 1e-6));
    ASSERT_GE(axis.high, high * (1 - 1e-6));
    ASSERT_GE(axis.ticks.size(), 2U) << low << " " << high;
    ASSERT_LE(axis.ticks.size(), 10U) << low << " " << high;
    for (double tick : axis.ticks) {
      ASSERT_GE(tick, axis.low * (1 - 1e-9));
      ASSERT_LE(tick, axis.high * (1 + 1e-9));
    }
  }
  EXPECT_NEAR(log_axis(1, 100).at(10), 0.5, 1e-12);
}

TEST(Axis, NumbersForPeople) {
  EXPECT_EQ(number_text(1234567), "1,234,567");
  EXPECT_EQ(number_text(-1000), "-1,000");
  EXPECT_EQ(number_text(0.031249), "0.03125");
  EXPECT_EQ(number_text(kNan), "–");
  EXPECT_EQ(si_text(272474), "272 k");
  EXPECT_EQ(si_text(999999), "1 M");
  EXPECT_EQ(si_text(1.814e9), "1.81 G");
  EXPECT_EQ(si_text(12), "12");
  EXPECT_EQ(percent_text(0.934), "93.4 %");
  EXPECT_EQ(percent_text(0.99999), "99.9 %") << "not all were right";
  EXPECT_EQ(percent_text(0.00001), "0.1 %") << "not none";
  EXPECT_EQ(percent_text(1), "100.0 %");
}

Series ramp(size_t count) {
  Series s;
  for (size_t i = 0; i < count; ++i) {
    s.x.push_back(static_cast<double>(i));
    s.y.push_back(std::sin(static_cast<double>(i) / 500));
  }
  return s;
}

TEST(Series, ThinningKeepsSpikesAndEnds) {
  Series s = ramp(100000);
  s.y[54321] = 40;
  s.y[777] = -40;
  const Series t = thin(s);
  EXPECT_LE(t.y.size(), 502U);
  EXPECT_EQ(*std::max_element(t.y.begin(), t.y.end()), 40);
  EXPECT_EQ(*std::min_element(t.y.begin(), t.y.end()), -40);
  EXPECT_EQ(t.x.back(), 99999);
  EXPECT_TRUE(std::is_sorted(t.x.begin(), t.x.end()));
  EXPECT_EQ(thin(ramp(400)).y.size(), 400U);
}

TEST(Series, ThinningSurvivesGaps) {
  Series s = ramp(5000);
  for (size_t i = 0; i < 5000; i += 3) s.y[i] = kNan;
  s.y[2000] = 9;
  const Series t = thin(s);
  EXPECT_NE(std::find(t.y.begin(), t.y.end(), 9.0), t.y.end());
}

// y = 1 from the start stays 1 (start correction); after a jump from 0 to 1, n steps leave (1 - 1/w)^n of the way.
TEST(Series, SmoothingIsTheExponentialMovingAverage) {
  Series s = ramp(400);
  std::fill(s.y.begin(), s.y.end(), 1);
  for (double y : smooth(s, 10).y) EXPECT_NEAR(y, 1, 1e-12);
  std::fill(s.y.begin(), s.y.begin() + 300, 0);
  EXPECT_NEAR(smooth(s, 10).y[304], 1 - std::pow(.9, 5), 1e-9);
  s.y[304] = kNan;
  EXPECT_TRUE(std::isnan(smooth(s, 10).y[304]));
  EXPECT_NEAR(smooth(s, 10).y[305], 1 - std::pow(.9, 5), 1e-9);
}

TEST(LineChart, NothingToDrawIsEmpty) {
  EXPECT_EQ(line_chart({}), "");
  LineChart chart;
  chart.series.push_back(ramp(3));
  chart.series[0].y = {kNan, kNan, kNan};
  EXPECT_EQ(line_chart(chart), "");
}

TEST(LineChart, WildValuesStayOnThePage) {
  LineChart chart;
  chart.title = "<loss>";
  chart.series.push_back(ramp(5));
  chart.series[0].name = "<b>";
  chart.series[0].y = {1, kNan, 1e300, -1e300, 0};
  const std::string svg = line_chart(chart);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(svg.find("<b>run"), std::string::npos);
  EXPECT_NE(svg.find("&lt;loss&gt;"), std::string::npos);
  chart.log_y = true;  // zero and negative values are gaps
  EXPECT_EQ(line_chart(chart).find("inf"), std::string::npos);
}

TEST(Confusion, DrawsOnlyCellsWithCounts) {
  const std::string svg = confusion_chart({{5, 1, 0}, {0, 4, 0}, {0, 0, 0}}, {"a<", "b", "c"});
  EXPECT_EQ(occurrences(svg, "class=\"cell right\""), 2U);
  EXPECT_EQ(occurrences(svg, "class=\"cell wrong\""), 1U);
  EXPECT_NE(svg.find("a&lt; taken for b: 1 of 6 (16.7 %)"), std::string::npos);
  EXPECT_THROW(confusion_chart({{1}}, {"a", "b"}), Error);
  EXPECT_THROW(confusion_chart({}, {}), Error);
}

TEST(Confusion, MixupsByCountThenShare) {
  const auto mixups = frequent_mixups({{5, 2, 0}, {3, 1, 0}, {0, 2, 2}}, 2);
  ASSERT_EQ(mixups.size(), 2U);
  EXPECT_EQ(mixups[0].truth, 1U);
  EXPECT_EQ(mixups[0].predicted, 0U);
  EXPECT_DOUBLE_EQ(mixups[0].share, .75);
  EXPECT_EQ(mixups[1].truth, 2U) << "2 of 4 before 2 of 7";
}

}  // namespace
}  // namespace espalier
