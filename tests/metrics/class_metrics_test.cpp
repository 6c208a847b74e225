#include "espalier/core/error.h"
#include "espalier/metrics/confusion_matrix.h"
#include "espalier/metrics/multiclass_auc.h"
#include "espalier/metrics/probability_scores.h"
#include "espalier/metrics/regression.h"

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

void expect_shares(const PrecisionRecall& ours, const Json& theirs, const std::string& what) {
  expect_values({ours.precision, ours.recall, ours.f}, theirs, what);
}

void expect_precision_recall(const ConfusionMatrix& confusion, const Json& theirs) {
  for (const double beta : {0.5, 1.0, 2.0}) {
    const Json& part = theirs.at(beta == 0.5 ? "f0.5" : beta == 1 ? "f1" : "f2");
    const ClassPrecisionRecall ours = precision_recall(confusion, beta);
    for (size_t c = 0; c < ours.of_class.size(); ++c)
      expect_shares(ours.of_class[c],
                    {part.at("each")[0][c], part.at("each")[1][c], part.at("each")[2][c]}, "class");
    expect_shares(ours.average(Averaging::micro), part.at("micro"), "micro");
    expect_shares(ours.average(Averaging::macro), part.at("macro"), "macro");
    expect_shares(ours.average(Averaging::weighted), part.at("weighted"), "weighted");
  }
}

TEST(ClassMetrics, AgreeWithScikitLearnWithAndWithoutWeights) {
  for (const Json& c : golden().at("classes")) {
    const std::vector<int32_t> truth = c.at("truth"), guess = c.at("guess");
    const Values score = c.at("score"), weight = c.at("weight");
    const int64_t classes = c.at("classes");
    for (const bool weighted : {false, true}) {
      SCOPED_TRACE(c.at("name").get<std::string>() + (weighted ? ", weighted" : ""));
      const Json& theirs = c.at(weighted ? "weighted" : "plain");
      ClassSamples samples{.truth = truth, .score = score, .classes = classes};
      if (weighted) samples.weight = weight;
      const ConfusionMatrix confusion = confusion_matrix(truth, guess, classes, samples.weight);
      expect_values(confusion.counts, theirs.at("confusion"), "confusion");
      expect_value(accuracy(confusion), theirs.at("accuracy"), "accuracy");
      expect_value(balanced_accuracy(confusion), theirs.at("balanced"), "balanced accuracy");
      expect_value(matthews_correlation(confusion), theirs.at("matthews"), "Matthews");
      expect_values({cohen_kappa(confusion), cohen_kappa(confusion, KappaWeights::linear),
                     cohen_kappa(confusion, KappaWeights::quadratic)},
                    theirs.at("kappa"), "kappa");
      expect_precision_recall(confusion, theirs);
      expect_value(log_loss(samples), theirs.at("log_loss"), "log loss");
      expect_value(brier_score(samples), theirs.at("brier"), "Brier");
      if (theirs.contains("ovr"))
        expect_values({roc_auc_one_vs_rest(samples, Averaging::micro),
                       roc_auc_one_vs_rest(samples, Averaging::macro),
                       roc_auc_one_vs_rest(samples, Averaging::weighted)},
                      theirs.at("ovr"), "one against the rest");
      if (theirs.contains("ovo"))
        expect_values({roc_auc_one_vs_one(samples, Averaging::macro),
                       roc_auc_one_vs_one(samples, Averaging::weighted)},
                      theirs.at("ovo"), "one against one");
    }
  }
}

TEST(ClassMetrics, ConstantAnswersHaveNoCorrelationAndNoKappa) {
  const std::vector<int32_t> mixed = {0, 1, 1}, constant = {1, 1, 1};
  EXPECT_EQ(matthews_correlation(confusion_matrix(mixed, constant, 2)), 0);
  EXPECT_EQ(cohen_kappa(confusion_matrix(mixed, constant, 2)), 0);
  EXPECT_TRUE(std::isnan(cohen_kappa(confusion_matrix(constant, constant, 2))));
}

TEST(ClassMetrics, RefuseWhatIsNotOfTheirForm) {
  const std::vector<int32_t> truth = {0, 1}, wild = {0, 2}, one = {0, 0};
  const Values rows = {0.2, 0.8, 0.5, 0.5}, off = {0.2, 0.9, 0.5, 0.5}, above = {1.2, -0.2, 1, 0},
               nothing = {0, 0};
  expect_error([&] { confusion_matrix(truth, wild, 2); }, Kind::data, "sample 2", "outside 0..1");
  expect_error([&] { confusion_matrix({}, {}, 2); }, Kind::data, "no samples");
  expect_error([&] { log_loss({.truth = wild, .score = rows}); }, Kind::data, "sample 2");
  expect_error([&] { log_loss({.truth = truth, .score = off}); }, Kind::data, "sum to 1.1");
  expect_error([&] { brier_score({.truth = truth, .score = above}); }, Kind::data, "sample 1");
  expect_error([&] { brier_score({.truth = truth, .score = rows, .classes = 3}); }, Kind::data,
               "4 scores for 2 samples of 3 classes");
  expect_error([&] { log_loss({.truth = truth, .score = rows, .weight = nothing}); }, Kind::data,
               "no samples");
  expect_error([&] { roc_auc_one_vs_rest({.truth = one, .score = rows}); }, Kind::data,
               "two classes");
  expect_error([&] { roc_auc_one_vs_one({.truth = truth, .score = rows}, Averaging::micro); },
               Kind::usage, "micro");
}

TEST(Calibration, AgreesWithScikitLearn) {
  const Json& c = golden().at("calibration");
  const std::vector<uint8_t> truth = c.at("truth");
  const Values p = c.at("p"), halves(p.size(), 0.5);
  for (const auto& [name, strategy] :
       {std::pair{"uniform", Bins::uniform}, {"quantile", Bins::quantile}})
    for (const Json& theirs : c.at(name)) {
      const CalibrationCurve ours = calibration_curve({truth, p}, theirs[0], strategy);
      expect_values(ours.observed, theirs[1], "observed");
      expect_values(ours.predicted, theirs[2], "predicted");
      const CalibrationCurve half = calibration_curve({truth, p, halves}, theirs[0], strategy);
      EXPECT_EQ(half.observed, ours.observed);
      EXPECT_EQ(half.weight.at(0), ours.weight.at(0) / 2);
    }
  expect_error([&] { calibration_curve({truth, p}, 0); }, Kind::usage, "0 bins");
}

TEST(Regression, AgreesWithScikitLearnWithAndWithoutWeights) {
  for (const Json& c : golden().at("regression")) {
    const Values truth = c.at("truth"), predicted = c.at("predicted"), weight = c.at("weight");
    for (const bool weighted : {false, true}) {
      SCOPED_TRACE(c.at("name").get<std::string>() + (weighted ? ", weighted" : ""));
      const Json& theirs = c.at(weighted ? "weighted" : "plain");
      NumberSamples samples{.truth = truth, .predicted = predicted};
      if (weighted) samples.weight = weight;
      expect_value(mean_absolute_error(samples), theirs.at("mae"), "mae");
      expect_value(root_mean_squared_error(samples), theirs.at("rmse"), "rmse");
      expect_value(r2_score(samples), theirs.at("r2"), "r2");
      for (const Json& pinball : theirs.at("pinball"))
        expect_value(pinball_loss(samples, pinball[0]), pinball[1], "pinball");
    }
  }
  const Values one = {1}, two = {1, 2}, wild = {INFINITY};
  expect_error([&] { score_regression(one, two); }, Kind::data, "2 predictions for 1");
  expect_error([&] { score_regression(one, wild); }, Kind::data, "row 1", "inf");
  expect_error([&] { score_regression({}, {}); }, Kind::data, "no samples");
  expect_error([&] { pinball_loss({one, one}, 1.5); }, Kind::usage, "1.5");
}

}  // namespace
}  // namespace espalier
