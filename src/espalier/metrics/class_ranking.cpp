#include "espalier/metrics/class_ranking.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "espalier/metrics/confusion_matrix.h"
#include "espalier/metrics/delong.h"
#include "espalier/metrics/precision_recall.h"
#include "espalier/metrics/probability_scores.h"
#include "espalier/metrics/roc.h"

namespace espalier {
namespace {

constexpr size_t kMostCurves = 6;
constexpr double kStep = 0.02;  // between points that are kept, along both axes together

std::vector<int32_t> most_probable(const ClassSamples& samples) {
  const size_t classes = static_cast<size_t>(samples.classes);
  std::vector<int32_t> answers;
  for (size_t i = 0; i < samples.truth.size(); ++i) {
    const auto row = samples.score.begin() + static_cast<std::ptrdiff_t>(i * classes);
    answers.push_back(static_cast<int32_t>(
        std::max_element(row, row + static_cast<std::ptrdiff_t>(classes)) - row));
  }
  return answers;
}

std::vector<SharePoint> thinned(const std::vector<double>& x, const std::vector<double>& y) {
  std::vector<SharePoint> kept;
  double way = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    if (i > 0) way += std::abs(x[i] - x[i - 1]) + std::abs(y[i] - y[i - 1]);
    if (i > 0 && i + 1 < x.size() && way < kStep) continue;
    kept.push_back({x[i], y[i]});
    way = 0;
  }
  return kept;
}

struct OneAgainstRest {
  std::vector<uint8_t> positive;
  std::vector<double> score;

  OneAgainstRest(const ClassSamples& samples, int64_t c) {
    for (size_t i = 0; i < samples.truth.size(); ++i) {
      positive.push_back(samples.truth[i] == c);
      score.push_back(
          samples.score[i * static_cast<size_t>(samples.classes) + static_cast<size_t>(c)]);
    }
  }
};

ClassCurve areas_of(const OneAgainstRest& question, const ConfusionMatrix& confusion, int64_t c) {
  const double truths = confusion.truths(c), answers = confusion.answers(c),
               hits = confusion.at(c, c), all = confusion.all();
  return {.of_class = c,
          .auc = roc_auc({question.positive, question.score}),
          .average_precision = average_precision({question.positive, question.score}),
          .share = truths / all,
          .roc = {},
          .precision_recall = {},
          .true_positive_rate = hits / truths,
          .false_positive_rate = (answers - hits) / (all - truths),
          .precision = answers > 0 ? hits / answers : 0};
}

void draw(const OneAgainstRest& question, ClassCurve& curve) {
  const BinarySamples samples{question.positive, question.score};
  const RocCurve roc = roc_curve(samples);
  curve.roc = thinned(roc.false_positive_rate, roc.true_positive_rate);
  const PrecisionRecallCurve pr = precision_recall_curve(samples);
  curve.precision_recall = thinned(pr.recall, pr.precision);
}

void add_areas(const ClassSamples& samples,
               const ConfusionMatrix& confusion,
               ClassRanking& ranking) {
  std::vector<ClassCurve> curves;
  const bool two = samples.classes == 2;
  for (int64_t c = two ? 1 : 0; c < samples.classes; ++c) {
    const double truths = confusion.truths(c);
    if (truths == 0 || truths == confusion.all()) continue;
    curves.push_back(areas_of(OneAgainstRest(samples, c), confusion, c));
  }
  if (curves.empty()) return;
  Score auc{
      "auc", 0, true, std::nullopt,
      two ? "area below the ROC curve: share of pairs of a sample of each class that are ranked "
            "rightly; 0.5 is chance; interval: DeLong"
          : "mean over classes of the area below the ROC curve of the class against the rest; "
            "0.5 is chance"};
  Score precision{
      "average_precision", 0, true, std::nullopt,
      two ? "area below the precision-recall curve of the second class; chance gives its "
            "share of the samples"
          : "mean over classes of the area below the precision-recall curve of the class "
            "against the rest"};
  for (const ClassCurve& curve : curves) {
    auc.value += curve.auc / static_cast<double>(curves.size());
    precision.value += curve.average_precision / static_cast<double>(curves.size());
  }
  std::stable_sort(curves.begin(), curves.end(),
                   [](const ClassCurve& a, const ClassCurve& b) { return a.auc < b.auc; });
  curves.resize(std::min(curves.size(), kMostCurves));
  for (ClassCurve& curve : curves) draw(OneAgainstRest(samples, curve.of_class), curve);
  if (two && confusion.truths(0) > 1 && confusion.truths(1) > 1) {
    const OneAgainstRest question(samples, 1);
    auc.interval = delong_auc(question.positive, question.score).interval;
  }
  ranking.curves = std::move(curves);
  ranking.scores = {auc, precision};
}

nlohmann::ordered_json to_json(const std::vector<SharePoint>& points) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const SharePoint& point : points) json.push_back({point.x, point.y});
  return json;
}

}  // namespace

ClassRanking rank_classes(const ClassSamples& samples) {
  const double brier = brier_score(samples);
  const ConfusionMatrix confusion =
      confusion_matrix(samples.truth, most_probable(samples), samples.classes);
  ClassRanking ranking;
  add_areas(samples, confusion, ranking);
  ranking.scores.push_back(
      {"mcc", matthews_correlation(confusion), true, std::nullopt,
       "Matthews correlation of truth and answer, -1..1; 0 is chance, whatever the shares of the "
       "classes"});
  if (const double kappa = cohen_kappa(confusion); !std::isnan(kappa))
    ranking.scores.push_back(
        {"kappa", kappa, true, std::nullopt,
         "Cohen's kappa: agreement of truth and answer beyond chance, 1 is full"});
  ranking.scores.push_back({"brier", brier, false, std::nullopt,
                            "mean squared distance of the probabilities from the truth (Brier), "
                            "halved for two classes"});
  return ranking;
}

nlohmann::ordered_json to_json(const std::vector<ClassCurve>& curves) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const ClassCurve& curve : curves)
    json.push_back({{"class", curve.of_class},
                    {"auc", curve.auc},
                    {"average_precision", curve.average_precision},
                    {"share", curve.share},
                    {"roc", to_json(curve.roc)},
                    {"precision_recall", to_json(curve.precision_recall)},
                    {"answers",
                     {{"true_positive_rate", curve.true_positive_rate},
                      {"false_positive_rate", curve.false_positive_rate},
                      {"precision", curve.precision}}}});
  return json;
}

}  // namespace espalier
