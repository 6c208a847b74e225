#include "espalier/metrics/answers.h"

#include <cmath>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "espalier/core/error.h"
#include "espalier/core/random.h"
#include "espalier/metrics/class_ranking.h"
#include "espalier/metrics/compare_answers.h"
#include "espalier/metrics/delong.h"
#include "espalier/metrics/mcnemar.h"

#include "tests/expect_error.h"
#include "tests/metrics/golden.h"

namespace espalier {
namespace {

using Words = std::vector<std::string>;

// Two classes; the model is right with probability `skill`.
Answers answers_of(double skill, uint64_t seed, int64_t count = 200) {
  Random truth(1), luck(seed);
  Answers answers{.classes = {"no", "y,es"}};
  for (int64_t i = 0; i < count; ++i) {
    answers.id.push_back(fmt::format("picture \"{}\"", i));
    answers.truth.push_back(truth.chance(0.4));
    const bool right = luck.chance(skill);
    answers.answer.push_back(right ? answers.truth.back() : 1 - answers.truth.back());
    const double sure = luck.uniform(0.5, 1);
    answers.probability.push_back(answers.answer.back() ? sure : 1 - sure);
  }
  return answers;
}

Answers numbers_of(double error, uint64_t seed) {
  Random random(seed);
  Answers answers;
  for (int i = 0; i < 150; ++i) {
    answers.id.push_back(std::to_string(i));
    answers.true_number.push_back(i * 0.1);
    answers.number.push_back(i * 0.1 + error * random.normal());
  }
  return answers;
}

class AnswersFile : public ::testing::Test {
 protected:
  AnswersFile() { make_folder(folder_); }
  ~AnswersFile() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  fs::path folder_ =
      fs::path(::testing::TempDir()) / fmt::format("espalier-answers-{}", ::getpid());
};

TEST_F(AnswersFile, ComesBackToTheBit) {
  EXPECT_FALSE(read_answers(folder_, "test").has_value());
  const Answers written = answers_of(0.8, 2);
  write_answers(folder_, "test", written);
  EXPECT_FALSE(read_answers(folder_, "test").has_value()) << "the classes are not known";
  write_file_atomic(folder_ / "eval-test.json", R"({"classes": ["no", "y,es"]})");
  const Answers read = read_answers(folder_, "test").value();
  EXPECT_EQ(read.id, written.id);
  EXPECT_EQ(read.truth, written.truth);
  EXPECT_EQ(read.answer, written.answer);
  EXPECT_EQ(read.probability, written.probability);

  const Answers numbers = numbers_of(0.3, 2);
  write_answers(folder_, "val", numbers);
  write_file_atomic(folder_ / "eval-val.json", "{}");
  const Answers back = read_answers(folder_, "val").value();
  EXPECT_EQ(back.number, numbers.number);
  EXPECT_EQ(back.true_number, numbers.true_number);
}

TEST_F(AnswersFile, DamageIsLocated) {
  const auto expect_refused = [&](const std::string& csv, const std::string& part) {
    write_file_atomic(folder_ / "eval-test.csv", csv);
    write_file_atomic(folder_ / "eval-test.json", R"({"classes": ["no", "yes"]})");
    expect_error([&] { read_answers(folder_, "test"); }, Kind::format, "eval-test.csv", part);
  };
  expect_refused("id,truth,predicted,p(yes)\na,no,yes,0.5\nb,no,perhaps,0.5\n",
                 "line 3: there is no class 'perhaps'");
  expect_refused("id,truth,predicted,p(yes)\na,no,yes,half\n", "line 2: 'half' is not a number");
  expect_refused("id,truth,predicted\na,no,yes\n", "line 1: the columns are not");
  expect_refused("id,truth,predicted,p(yes)\na,no\n", "line 2");
  write_file_atomic(folder_ / "eval-test.json", "[1");
  expect_error([&] { read_answers(folder_, "test"); }, Kind::format, "eval-test.json");
}

TEST(CompareAnswers, ABetterModelIsNamedWithItsTests) {
  const Answers good = answers_of(0.95, 2), bad = answers_of(0.7, 3);
  const AnswerComparison comparison = compare_answers(bad, good);
  EXPECT_EQ(comparison.winner, 2);
  EXPECT_EQ(comparison.samples, 200);
  const ComparedScore& accuracy = comparison.scores.at(0);
  const McNemar& test = comparison.disagreements.value();
  EXPECT_EQ(test.both + test.neither + test.first_only + test.second_only, 200);
  EXPECT_NEAR(accuracy.difference(), static_cast<double>(test.first_only - test.second_only) / 200,
              1e-12);
  EXPECT_EQ(accuracy.p, test.mid_p);
  EXPECT_LT(accuracy.interval.low, accuracy.difference());
  EXPECT_GT(accuracy.interval.high, accuracy.difference());
  EXPECT_LT(accuracy.interval.high, 0);
  // The interval of a mean of differences is near the normal one.
  const double spread = std::sqrt((static_cast<double>(test.first_only + test.second_only) / 200 -
                                   accuracy.difference() * accuracy.difference()) /
                                  200);
  EXPECT_NEAR(accuracy.interval.high - accuracy.interval.low, 2 * 1.96 * spread, 0.3 * spread);
  EXPECT_EQ(comparison.scores.at(2).name, "auc");
  const std::string words = verdict(comparison, "old", "new");
  EXPECT_NE(words.find("new is better: accuracy"), std::string::npos) << words;
  EXPECT_EQ(compare_answers(good, bad).winner, 1);
  const nlohmann::ordered_json json = to_json(comparison);
  EXPECT_EQ(json["winner"], "second");
  EXPECT_EQ(json["mcnemar"]["first_only"], test.first_only);
}

TEST(CompareAnswers, ChanceIsNotTakenForADifference) {
  const Answers one = answers_of(0.8, 2), other = answers_of(0.8, 3);
  const AnswerComparison comparison = compare_answers(one, other);
  EXPECT_EQ(comparison.winner, 0);
  EXPECT_NE(verdict(comparison, "a", "b").find("Neither is shown to be better"), std::string::npos);
  const AnswerComparison same = compare_answers(one, one);
  EXPECT_EQ(same.winner, 0);
  EXPECT_EQ(same.scores.at(0).p, 1);
  EXPECT_EQ(same.scores.at(0).interval.low, 0);
  EXPECT_TRUE(to_json(same)["winner"].is_null());
}

TEST(CompareAnswers, NumbersAreComparedByTheirErrors) {
  const AnswerComparison comparison = compare_answers(numbers_of(0.1, 2), numbers_of(0.4, 3));
  EXPECT_EQ(comparison.winner, 1);
  EXPECT_FALSE(comparison.disagreements.has_value());
  EXPECT_EQ(comparison.scores.at(0).name, "rmse");
  EXPECT_NEAR(comparison.scores.at(0).difference(), -0.3, 0.08);
  EXPECT_LT(comparison.scores.at(1).interval.high, 0);
}

TEST(CompareAnswers, TheOrderOfSamplesDoesNotMatterButTheirTruthDoes) {
  const Answers one = answers_of(0.9, 2);
  Answers turned = one;
  for (auto reverse :
       {+[](Answers& a) { std::reverse(a.id.begin(), a.id.end()); },
        +[](Answers& a) { std::reverse(a.truth.begin(), a.truth.end()); },
        +[](Answers& a) { std::reverse(a.answer.begin(), a.answer.end()); },
        +[](Answers& a) { std::reverse(a.probability.begin(), a.probability.end()); }})
    reverse(turned);
  EXPECT_EQ(compare_answers(one, turned).scores.at(0).interval.high, 0);

  const auto refused = [&](Answers other, const std::string& part) {
    expect_error([&] { compare_answers(one, other); }, Kind::data, part);
  };
  Answers other = one;
  other.truth[3] = 1 - other.truth[3];
  refused(other, "the truth of the sample picture \"3\" differs");
  other = one;
  other.id[3] = "another";
  refused(other, "only one answered the sample picture \"3\"");
  other.id[3] = one.id[4];
  refused(other, "picture \"4\" was answered twice");
  refused(answers_of(0.9, 2, 201), "only one answered the sample picture \"200\"");
  other = one;
  other.classes = {"no", "yes"};
  refused(other, "class 2 is 'y,es' for one of the two and 'yes' for the other");
  other.classes = {"no", "yes", "maybe"};
  refused(other, "2 classes and the other 3");
  refused(numbers_of(1, 1), "one of the two answers with classes");
  expect_error([] { compare_answers({}, {}); }, Kind::data, "no answers");
}

TEST(ClassRanking, TwoClassesHaveOneCurveAndAnInterval) {
  const std::vector<int32_t> truth = {0, 0, 0, 1, 1, 1};
  const std::vector<double> p = {0.1, 0.4, 0.6, 0.3, 0.7, 0.9};
  std::vector<double> rows;
  for (const double share : p) rows.insert(rows.end(), {1 - share, share});
  const ClassRanking ranking = rank_classes({.truth = truth, .score = rows});
  ASSERT_EQ(ranking.curves.size(), 1u);
  const ClassCurve& curve = ranking.curves[0];
  EXPECT_EQ(curve.of_class, 1);
  EXPECT_NEAR(curve.auc, 7.0 / 9, 1e-12);
  EXPECT_NEAR(curve.true_positive_rate, 2.0 / 3, 1e-12);
  EXPECT_NEAR(curve.false_positive_rate, 1.0 / 3, 1e-12);
  EXPECT_NEAR(curve.precision, 2.0 / 3, 1e-12);
  EXPECT_EQ(curve.roc.front().x, 0);
  EXPECT_EQ(curve.roc.back().y, 1);
  EXPECT_EQ(curve.precision_recall.front().x, 1);
  EXPECT_EQ(curve.precision_recall.back().y, 1);
  const std::vector<uint8_t> positive = {0, 0, 0, 1, 1, 1};
  const Score& auc = ranking.scores.at(0);
  EXPECT_EQ(auc.name, "auc");
  EXPECT_EQ(auc.interval->low, delong_auc(positive, p).interval.low);
}

TEST(ClassRanking, ManyClassesShowTheWorstAndManySamplesFewPoints) {
  Random random(2);
  std::vector<int32_t> truth;
  std::vector<double> rows;
  for (int i = 0; i < 4000; ++i) {
    truth.push_back(static_cast<int32_t>(random.below(9)));  // of ten classes one never occurs
    double sum = 0;
    std::vector<double> row;
    for (int c = 0; c < 10; ++c) {
      // The higher the class, the better it is known.
      row.push_back(std::exp(random.normal() + (c == truth.back() ? 0.3 * c : 0)));
      sum += row.back();
    }
    for (const double value : row) rows.push_back(value / sum);
  }
  const ClassRanking ranking = rank_classes({.truth = truth, .score = rows, .classes = 10});
  ASSERT_EQ(ranking.curves.size(), 6u);
  EXPECT_EQ(ranking.curves[0].of_class, 0);
  EXPECT_LE(ranking.curves[0].auc, ranking.curves[5].auc);
  for (const ClassCurve& curve : ranking.curves) {
    EXPECT_NE(curve.of_class, 9);
    EXPECT_LE(curve.roc.size(), 110u);
    EXPECT_GE(curve.roc.size(), 50u);
    EXPECT_LE(curve.precision_recall.size(), 1000u);
  }
  EXPECT_FALSE(ranking.scores.at(0).interval.has_value());
}

TEST(ClassRanking, OneClassAloneHasNoCurveAndNoKappa) {
  const std::vector<int32_t> truth = {1, 1};
  const std::vector<double> rows = {0.2, 0.8, 0.1, 0.9};
  const ClassRanking ranking = rank_classes({.truth = truth, .score = rows});
  EXPECT_TRUE(ranking.curves.empty());
  Words names;
  for (const Score& score : ranking.scores) names.push_back(score.name);
  EXPECT_EQ(names, (Words{"mcc", "brier"}));
}

}  // namespace
}  // namespace espalier
