#include "espalier/metrics/classification.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/core/files.h"
#include "espalier/metrics/interval.h"

namespace espalier {
namespace {

using Json = nlohmann::json;

// Kept, since tests range over parts of it.
const Json& golden() {
  static const Json read = Json::parse(read_file(fs::path(__FILE__).parent_path().parent_path() /
                                                 "golden" / "classification_golden.json"));
  return read;
}

Annotation truth_of(int64_t id) {
  Annotation a;
  a.labels = {{.id = id}};
  return a;
}

// Probabilities by class, sorted as a task gives them.
Annotation prediction(const std::vector<float>& probabilities) {
  Annotation a;
  for (size_t c = 0; c < probabilities.size(); ++c)
    a.labels.push_back({.id = static_cast<int64_t>(c), .score = probabilities[c]});
  std::stable_sort(a.labels.begin(), a.labels.end(),
                   [](const Label& x, const Label& y) { return x.score > y.score; });
  return a;
}

std::vector<std::string> class_names(size_t count) {
  std::vector<std::string> names;
  for (size_t c = 0; c < count; ++c) names.push_back("class" + std::to_string(c));
  return names;
}

ClassificationResult score(const std::vector<int64_t>& truth,
                           const std::vector<std::vector<float>>& probabilities) {
  std::vector<Annotation> t, p;
  for (int64_t id : truth) t.push_back(truth_of(id));
  for (const auto& row : probabilities) p.push_back(prediction(row));
  return score_classification(t, p, class_names(probabilities.at(0).size()));
}

void expect_data_error(const std::vector<Annotation>& truth,
                       const std::vector<Annotation>& predicted,
                       const std::string& part) {
  try {
    score_classification(truth, predicted, class_names(2));
    FAIL() << "accepted; expected: " << part;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Kind::data);
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

TEST(Classification, AgreesWithScikitLearn) {
  for (const Json& c : golden().at("cases")) {
    SCOPED_TRACE(c.at("name").get<std::string>());
    const auto r = score(c.at("truth"), c.at("probabilities"));
    EXPECT_EQ(r.confusion, c.at("confusion").get<std::vector<std::vector<int64_t>>>());
    EXPECT_NEAR(r.scores.at("accuracy").value, c.at("accuracy").get<double>(), 1e-12);
    EXPECT_NEAR(r.scores.at("accuracy").interval->low, c.at("accuracy_interval")[0], 1e-12);
    EXPECT_NEAR(r.scores.at("accuracy").interval->high, c.at("accuracy_interval")[1], 1e-12);
    EXPECT_NEAR(r.scores.at("macro_f1").value, c.at("macro_f1").get<double>(), 1e-12);
    EXPECT_NEAR(r.scores.at("log_loss").value, c.at("log_loss").get<double>(), 3e-5);
    if (c.contains("top5")) {
      EXPECT_NEAR(r.scores.at("top5").value, c.at("top5").get<double>(), 1e-12);
    }
    for (size_t k = 0; k < r.per_class.size(); ++k) {
      const ClassRow& row = r.per_class[k];
      EXPECT_EQ(row.support, c.at("support")[k].get<int64_t>());
      EXPECT_NEAR(row.precision, c.at("precision")[k].get<double>(), 1e-12);
      EXPECT_NEAR(row.recall, c.at("recall")[k].get<double>(), 1e-12);
      EXPECT_NEAR(row.f1, c.at("f1")[k].get<double>(), 1e-12);
      EXPECT_NEAR(row.recall_interval.low, c.at("recall_interval")[k][0].get<double>(), 1e-12);
      EXPECT_NEAR(row.recall_interval.high, c.at("recall_interval")[k][1].get<double>(), 1e-12);
    }
  }
}

TEST(Classification, NamesAndOrderOfScoresAreTheContract) {
  auto names = [](const ClassificationResult& r) {
    std::vector<std::string> all;
    for (const Score& s : r.scores.items) all.push_back(s.name);
    return all;
  };
  using List = std::vector<std::string>;
  EXPECT_EQ(names(score({0}, {{.5, .1, .1, .1, .2}})),
            (List{"accuracy", "macro_f1", "log_loss", "calibration_error"}));
  EXPECT_EQ(names(score({0}, {{.5, .1, .1, .1, .1, .1}})),
            (List{"accuracy", "top5", "macro_f1", "log_loss", "calibration_error"}));
}

// Ten samples worked by hand: confidence 0.9, in bin (13/15, 14/15], four times, three right;
// 0.59375, in bin (8/15, 9/15], six times, three right. ECE = 4/10 |0.75 - 0.9| + 6/10 |0.5 -
// 0.59375|.
TEST(Classification, CalibrationErrorWorkedByHand) {
  std::vector<std::vector<float>> p(4, {.9F, .1F});
  p.resize(10, {.59375F, .40625F});
  const auto r = score({0, 0, 0, 1, 0, 0, 0, 1, 1, 1}, p);
  EXPECT_NEAR(r.scores.at("calibration_error").value, .4 * .15 + .6 * .09375, 1e-7);
  ASSERT_EQ(r.reliability.size(), 15U);
  EXPECT_EQ(r.reliability[13].count, 4);
  EXPECT_NEAR(r.reliability[13].accuracy, .75, 1e-12);
  EXPECT_NEAR(r.reliability[13].confidence, .9, 1e-7);
  EXPECT_EQ(r.reliability[8].count, 6);
}

TEST(Classification, EveryConfidenceFallsIntoOneBin) {
  std::vector<float> certain(16, 0.F), even(15, 1.F / 15);
  certain[3] = 1;
  EXPECT_EQ(score({3}, {certain}).reliability[14].count, 1);
  // 0.5 exactly representable: 0.5 * 15 = 7.5 lies inside bin 7 = (7/15, 8/15].
  EXPECT_EQ(score({0}, {{.5F, .5F}}).reliability[7].count, 1);
  int64_t all = 0;
  for (const auto& bin : score({0}, {even}).reliability) all += bin.count;
  EXPECT_EQ(all, 1);
}

TEST(Classification, LogLossClampsAtTheStatedBound) {
  const auto r = score({1}, {{1.F, 0.F}});
  EXPECT_NEAR(r.scores.at("log_loss").value, 23 * std::log(2.0), 1e-9);
}

TEST(Classification, MajorityShareIsTheCommonestClass) {
  EXPECT_DOUBLE_EQ(score({1, 1, 0, 1}, {{1, 0}, {1, 0}, {1, 0}, {1, 0}}).majority_share, .75);
}

TEST(Classification, BadInputNamesTheSample) {
  const Annotation good = prediction({.7F, .3F});
  expect_data_error({truth_of(0)}, {good, good}, "1 true annotations but 2 predicted");
  expect_data_error({}, {}, "no samples");
  expect_data_error({truth_of(0), truth_of(2)}, {good, good}, "sample 1: true label 2");
  expect_data_error({truth_of(-1)}, {good}, "sample 0: true label -1");
  expect_data_error({Annotation{}}, {good}, "sample 0: the truth has no label");
  const float nan = std::numeric_limits<float>::quiet_NaN();
  expect_data_error({truth_of(0)}, {prediction({nan, .3F})}, "sample 0: probability nan of class");
  expect_data_error({truth_of(0)}, {prediction({7, -3})}, "sample 0: probability 7 of class 0");
  expect_data_error({truth_of(0)}, {prediction({.9F, .9F})}, "sum to 1.8");
  expect_data_error({truth_of(0)}, {prediction({1.F})}, "sample 0: 1 probabilities for 2 classes");
  Annotation wrong = good;
  wrong.labels[1].id = 0;
  expect_data_error({truth_of(0)}, {wrong}, "class 0 is predicted twice");
  wrong.labels[1].id = int64_t{1} << 60;
  expect_data_error({truth_of(0)}, {wrong}, "is outside 0..1");
  wrong = good;
  std::swap(wrong.labels[0], wrong.labels[1]);
  expect_data_error({truth_of(0)}, {wrong}, "not in order");
}

TEST(Classification, JsonHasTheKeysOfTheRunFolder) {
  const auto r = score({0, 1, 1}, {{.9F, .1F}, {.2F, .8F}, {.6F, .4F}});
  const auto json = to_json(r, {"ash", "birch"});
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  EXPECT_EQ(keys, (std::vector<std::string>{"scores", "classes", "confusion", "per_class",
                                            "reliability"}));
  EXPECT_EQ(json.at("confusion").dump(), "[[1,0],[1,1]]");
  EXPECT_EQ(json.at("per_class")[1].at("name"), "birch");
  EXPECT_EQ(json.at("per_class")[1].at("support"), 2);
  EXPECT_DOUBLE_EQ(json.at("scores").at("accuracy").at("value"), 2.0 / 3);
}

TEST(Wilson, AgreesWithStatsmodels) {
  for (const Json& row : golden().at("wilson")) {
    const Interval i = wilson_interval(row[0], row[1]);
    EXPECT_NEAR(i.low, row[2].get<double>(), 1e-12) << row;
    EXPECT_NEAR(i.high, row[3].get<double>(), 1e-12) << row;
  }
}

// Newcombe, "Two-sided confidence intervals for the single proportion", Stat. Med. 17 (1998), table
// I, method 3.
TEST(Wilson, AgreesWithNewcombesTable) {
  const double rows[][4] = {
      {81, 263, .2553, .3662}, {15, 148, .0624, .1605}, {0, 20, 0, .1611}, {1, 29, .0061, .1718}};
  for (const auto& [k, n, low, high] : rows) {
    const Interval i = wilson_interval(static_cast<int64_t>(k), static_cast<int64_t>(n));
    EXPECT_NEAR(i.low, low, 5e-5);
    EXPECT_NEAR(i.high, high, 5e-5);
  }
}

TEST(Wilson, NothingKnownWithoutTrials) {
  EXPECT_EQ(wilson_interval(0, 0).low, 0);
  EXPECT_EQ(wilson_interval(0, 0).high, 1);
  EXPECT_THROW(wilson_interval(3, 2), Error);
}

// scipy.stats.t.ppf(0.975, df).
TEST(StudentsT, PointsEqualScipys) {
  EXPECT_NEAR(student_t_975(1), 12.706204736174694, 1e-8);
  EXPECT_NEAR(student_t_975(2), 4.302652729749462, 1e-8);
  EXPECT_NEAR(student_t_975(3), 3.182446305284263, 1e-8);
  EXPECT_NEAR(student_t_975(4), 2.7764451051977934, 1e-8);
  EXPECT_NEAR(student_t_975(9), 2.2621571628540993, 1e-8);
  EXPECT_NEAR(student_t_975(19), 2.093024054408263, 1e-8);
  EXPECT_NEAR(student_t_975(200), 1.971896224, 1e-8);
  EXPECT_THROW(student_t_975(0), Error);
}

TEST(MeanInterval, NeedsTwoValues) {
  EXPECT_FALSE(mean_interval({0.5}));
  const std::optional<Interval> two = mean_interval({0, 2});  // 1 -+ 12.7 sqrt(2) / sqrt(2)
  ASSERT_TRUE(two);
  EXPECT_NEAR(two->low, 1 - 12.706204736174694, 1e-8);
  EXPECT_NEAR(two->high, 1 + 12.706204736174694, 1e-8);
}

}  // namespace
}  // namespace espalier
