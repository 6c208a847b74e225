// How sure a score is, and whether two differ.
#include <cmath>
#include <numeric>

#include "espalier/core/error.h"
#include "espalier/core/random.h"
#include "espalier/metrics/bootstrap.h"
#include "espalier/metrics/delong.h"
#include "espalier/metrics/mcnemar.h"
#include "espalier/metrics/normal.h"
#include "espalier/metrics/roc.h"

#include "tests/expect_error.h"
#include "tests/metrics/golden.h"

namespace espalier {
namespace {

using Json = nlohmann::json;
using Values = std::vector<double>;

const Json& golden() {
  static const Json read = read_golden("metrics_golden");
  return read;
}

// The golden is the definition over all pairs, which MLstatkit's test agrees with.
TEST(DeLong, RanksGiveWhatAllPairsDo) {
  for (const Json& c : golden().at("delong")) {
    SCOPED_TRACE(c.at("name").get<std::string>());
    const std::vector<uint8_t> truth = c.at("truth");
    const Values first = c.at("first"), second = c.at("second");
    const AucDifference ours = delong_test(truth, first, second);
    expect_values({ours.first.auc, ours.second.auc}, c.at("auc"), "auc");
    expect_values({ours.first.variance, ours.second.variance}, c.at("variance"), "variance");
    expect_value(ours.z, c.at("z"), "z");
    expect_value(ours.p, c.at("p"), "p");
    const double reach = 1.959963984540054 * c.at("error_of_difference").get<double>();
    expect_value(ours.interval.high - ours.difference, reach, "interval");
    expect_value(ours.difference - ours.interval.low, reach, "interval");
    expect_value(delong_auc(truth, first).auc, roc_auc({truth, first}), "auc");
    const AucDifference other = delong_test(truth, second, first);
    EXPECT_EQ(other.p, ours.p);
    EXPECT_EQ(other.z, -ours.z);
  }
}

TEST(DeLong, NoSpreadIsNoDoubt) {
  const std::vector<uint8_t> truth = {0, 0, 1, 1}, lonely = {0, 0, 0, 1};
  const Values perfect = {1, 2, 3, 4}, reversed = {4, 3, 2, 1};
  EXPECT_EQ(delong_test(truth, perfect, perfect).p, 1);
  EXPECT_EQ(delong_test(truth, perfect, reversed).p, 0);
  EXPECT_EQ(delong_auc(truth, perfect).interval.high, 1);
  expect_error([&] { delong_auc(lonely, perfect); }, Kind::data, "two samples of each class");
}

TEST(McNemar, AgreesWithStatsmodels) {
  for (const Json& c : golden().at("mcnemar")) {
    const McNemar ours = mcnemar(40, 7, c.at("first"), c.at("second"));
    SCOPED_TRACE(c.dump());
    EXPECT_NEAR(ours.exact_p / c.at("exact").get<double>(), 1, 1e-10);
    EXPECT_NEAR(ours.mid_p / c.at("mid").get<double>(), 1, 1e-10);
    expect_value(ours.chi_square, c.at("square"), "chi-square");
    EXPECT_NEAR(ours.chi_square_p / c.at("square_p").get<double>(), 1, 1e-10);
  }
}

TEST(McNemar, CountsWhoWasRight) {
  const std::vector<uint8_t> first = {1, 1, 0, 0, 1, 1}, second = {1, 0, 1, 0, 0, 1};
  const McNemar test = mcnemar(first, second);
  EXPECT_EQ(test.both, 2);
  EXPECT_EQ(test.neither, 1);
  EXPECT_EQ(test.first_only, 2);
  EXPECT_EQ(test.second_only, 1);
  EXPECT_EQ(mcnemar(first, first).exact_p, 1);
  EXPECT_EQ(mcnemar(first, first).chi_square_p, 1);
}

TEST(Normal, AgreesWithSciPyAndInverts) {
  for (const Json& c : golden().at("normal")) {
    EXPECT_NEAR(normal_below(c[0]) / c[1].get<double>(), 1, 1e-12);
    EXPECT_NEAR(two_sided_p(c[0]) / c[2].get<double>(), 1, 1e-12);
    if (c[1] < 1 - 1e-6) {
      EXPECT_NEAR(normal_quantile(c[1]), c[0].get<double>(), 1e-12);
    }
  }
  expect_error([] { normal_quantile(1); }, Kind::internal, "quantile");
}

TEST(Bootstrap, IntervalsOfTheSameDrawsAreThoseOfSciPy) {
  for (const Json& c : golden().at("bootstrap")) {
    const Values drawn = c.at("drawn"), jackknife = c.at("jackknife");
    const Interval plain = percentile_interval(drawn),
                   corrected = bca_interval(drawn, c.at("estimate"), jackknife);
    expect_values({plain.low, plain.high}, c.at("percentile"), "percentile");
    expect_values({corrected.low, corrected.high}, c.at("BCa"), "BCa");
  }
  const Values drawn = {1, 2, 3}, jackknife = {0, 1};
  EXPECT_EQ(bca_interval(drawn, 5, jackknife).low, percentile_interval(drawn).low);
}

// The mean of n values has the error s / sqrt(n).
TEST(Bootstrap, DrawsVaryAsTheoryHasIt) {
  Random random(1);
  Values values;
  for (int i = 0; i < 400; ++i) values.push_back(random.normal());
  const Statistic mean = [&](std::span<const uint32_t> chosen) {
    double sum = 0;
    for (const uint32_t i : chosen) sum += values[i];
    return sum / static_cast<double>(chosen.size());
  };
  const std::vector<double> drawn = bootstrap(400, mean);
  const Interval interval = percentile_interval(drawn);
  EXPECT_NEAR(interval.high - interval.low, 2 * 1.96 / 20, 0.02);
  EXPECT_EQ(bootstrap(400, mean), drawn);
  EXPECT_NE(bootstrap(400, mean, {.seed = 1}), drawn);
}

}  // namespace
}  // namespace espalier
