#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>

#include "espalier/core/error.h"
#include "espalier/core/random.h"
#include "espalier/metrics/precision_recall.h"
#include "espalier/metrics/rising_order.h"
#include "espalier/metrics/roc.h"

#include "tests/expect_error.h"
#include "tests/metrics/golden.h"

namespace espalier {
namespace {

using Json = nlohmann::json;
using Values = std::vector<double>;

const Json& golden() {
  static const Json read = read_golden("ranking_golden");
  return read;
}

TEST(Ranking, CurvesAndAreasAgreeWithScikitLearn) {
  for (const Json& c : golden().at("binary")) {
    const std::vector<uint8_t> truth = c.at("truth");
    const Values score = c.at("score"), weight = c.at("weight");
    expect_values(mid_ranks(score), c.at("mid_ranks"), "mid-ranks");
    for (const bool weighted : {false, true}) {
      SCOPED_TRACE(c.at("name").get<std::string>() + (weighted ? ", weighted" : ""));
      const Json& theirs = c.at(weighted ? "weighted" : "plain");
      BinarySamples samples{.positive = truth, .score = score};
      if (weighted) samples.weight = weight;
      EXPECT_NEAR(roc_auc(samples), theirs.at("auc").get<double>(), 1e-13);
      EXPECT_NEAR(average_precision(samples), theirs.at("ap").get<double>(), 1e-13);
      for (const Json& part : theirs.at("partial"))
        EXPECT_NEAR(partial_roc_auc(samples, part[0]), part[1].get<double>(), 1e-13) << part[0];
      const RocCurve roc = roc_curve(samples);
      expect_values(roc.false_positive_rate, theirs.at("fpr"), "false positives");
      expect_values(roc.true_positive_rate, theirs.at("tpr"), "true positives");
      expect_values(roc.threshold, theirs.at("roc_threshold"), "threshold");
      EXPECT_EQ(roc_curve(samples, true).threshold.size(), theirs.at("all_points"));
      const PrecisionRecallCurve pr = precision_recall_curve(samples);
      expect_values(pr.precision, theirs.at("precision"), "precision");
      expect_values(pr.recall, theirs.at("recall"), "recall");
      expect_values(pr.threshold, theirs.at("pr_threshold"), "threshold");
    }
  }
}

// Many enough for the radix sort, of every kind that could upset it.
TEST(RisingOrder, IsThatOfAStableSortByComparison) {
  Random random(7);
  const int64_t count = 5000;
  std::vector<Values> lists(6);
  for (int64_t i = 0; i < count; ++i) {
    lists[0].push_back(random.normal());
    lists[1].push_back(static_cast<double>(random.below(3)) - 1);  // three values
    lists[2].push_back(std::ldexp(random.normal(), static_cast<int>(random.below(2000)) - 1000));
    lists[3].push_back(1 + static_cast<double>(random.below(4000)) * 0x1p-52);  // one prefix
    lists[4].push_back(random.chance(0.5) ? 0.0 : -0.0);
    // Two far heaps, each of neighbouring doubles: sorted in two rounds.
    lists[5].push_back((random.chance(0.5) ? 1e300 : -1e300) *
                       (1 + static_cast<double>(random.below(1000)) * 0x1p-52));
  }
  lists[2][17] = std::numeric_limits<double>::infinity();
  lists[2][18] = -std::numeric_limits<double>::infinity();
  for (const Values& values : lists) {
    std::vector<uint32_t> expected(values.size());
    std::iota(expected.begin(), expected.end(), 0U);
    std::stable_sort(expected.begin(), expected.end(),
                     [&](uint32_t a, uint32_t b) { return values[a] < values[b]; });
    EXPECT_EQ(rising_order(values), expected);
  }
  EXPECT_TRUE(rising_order({}).empty());
}

// Weights of 1 take another way to the same numbers.
TEST(Ranking, IsTheSameWithWeightsOfOneAndOnBothSidesOfZero) {
  Random random(3);
  std::vector<uint8_t> positive;
  Values score, shifted;
  const Values ones(3000, 1.0);
  for (size_t i = 0; i < ones.size(); ++i) {
    positive.push_back(random.chance(0.4));
    // Multiples of 1/64, so that moving them by 8 changes no order.
    score.push_back(std::round(64 * (random.normal() + positive.back())) / 64);
    shifted.push_back(score.back() + 8);
  }
  const double auc = roc_auc({positive, score}), ap = average_precision({positive, score});
  EXPECT_EQ(roc_auc({positive, score, ones}), auc);
  EXPECT_EQ(average_precision({positive, score, ones}), ap);
  EXPECT_EQ(roc_auc({positive, shifted}), auc);
  const RocCurve curve = roc_curve({positive, score}),
                 weighted = roc_curve({positive, score, ones});
  EXPECT_EQ(curve.threshold, weighted.threshold);
  EXPECT_EQ(curve.true_positive_rate, weighted.true_positive_rate);
}

TEST(Ranking, RefusesWhatHasNoAnswer) {
  const std::vector<uint8_t> both = {0, 1}, ones = {1, 1}, zeros = {0, 0}, odd = {0, 2};
  const Values score = {0.2, 0.8}, nan = {0.2, std::nan("")}, weight = {1, -1}, nothing = {0, 1};
  expect_error([&] { roc_auc({ones, score}); }, Kind::data, "samples of both classes");
  expect_error([&] { roc_auc({both, score, nothing}); }, Kind::data, "samples of both classes");
  expect_error([&] { average_precision({zeros, score}); }, Kind::data, "need a sample");
  expect_error([&] { precision_recall_curve({{}, {}}); }, Kind::data, "need a sample");
  expect_error([&] { roc_auc({odd, score}); }, Kind::data, "the truth of sample 2 is 2");
  expect_error([&] { roc_auc({both, nan}); }, Kind::data, "score 2 is not a number");
  expect_error([&] { roc_auc({both, score, weight}); }, Kind::data, "weight of sample 2 is -1");
  expect_error([&] { roc_auc({both, Values{1}}); }, Kind::data, "1 scores for 2 samples");
  expect_error([&] { partial_roc_auc({both, score}, 0); }, Kind::usage, "not in (0, 1]");
  EXPECT_EQ(average_precision({ones, score}), 1);
}

}  // namespace
}  // namespace espalier
