#include "espalier/metrics/confusion_matrix.h"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>

#include "espalier/core/error.h"
#include "espalier/metrics/sample_weights.h"

namespace espalier {
namespace {

double share(double part, double whole) {
  return whole == 0 ? 0 : part / whole;
}

PrecisionRecall shares(double hits, double truths, double answers, double beta) {
  const double square = beta * beta;
  return {.precision = share(hits, answers),
          .recall = share(hits, truths),
          .f = share((1 + square) * hits, square * truths + answers)};
}

}  // namespace

ConfusionMatrix::ConfusionMatrix(int64_t count)
    : classes(count), counts(static_cast<size_t>(count * count)) {}

double ConfusionMatrix::truths(int64_t c) const {
  double sum = 0;
  for (int64_t answer = 0; answer < classes; ++answer) sum += at(c, answer);
  return sum;
}

double ConfusionMatrix::answers(int64_t c) const {
  double sum = 0;
  for (int64_t truth = 0; truth < classes; ++truth) sum += at(truth, c);
  return sum;
}

double ConfusionMatrix::right() const {
  double sum = 0;
  for (int64_t c = 0; c < classes; ++c) sum += at(c, c);
  return sum;
}

double ConfusionMatrix::all() const {
  return std::accumulate(counts.begin(), counts.end(), 0.0);
}

ConfusionMatrix confusion_matrix(std::span<const int32_t> truth,
                                 std::span<const int32_t> answered,
                                 int64_t classes,
                                 std::span<const double> weight) {
  if (truth.size() != answered.size())
    fail(Kind::data, "{} answers for {} samples", answered.size(), truth.size());
  check_weights(weight, truth.size());
  ConfusionMatrix confusion(classes);
  for (size_t i = 0; i < truth.size(); ++i) {
    for (const int32_t label : {truth[i], answered[i]})
      if (label < 0 || label >= classes)
        fail(Kind::data, "sample {}: class {} is outside 0..{}", i + 1, label, classes - 1);
    confusion.at(truth[i], answered[i]) += weight.empty() ? 1 : weight[i];
  }
  if (confusion.all() == 0) fail(Kind::data, "there are no samples to count");
  return confusion;
}

double accuracy(const ConfusionMatrix& confusion) {
  return confusion.right() / confusion.all();
}

double balanced_accuracy(const ConfusionMatrix& confusion) {
  double sum = 0;
  int64_t occurring = 0;
  for (int64_t c = 0; c < confusion.classes; ++c) {
    const double truths = confusion.truths(c);
    if (truths == 0) continue;
    sum += confusion.at(c, c) / truths;
    ++occurring;
  }
  return sum / static_cast<double>(occurring);
}

ClassPrecisionRecall precision_recall(const ConfusionMatrix& confusion, double beta) {
  if (!(beta >= 0) || std::isinf(beta)) fail(Kind::usage, "an F score with beta {}", beta);
  ClassPrecisionRecall result{
      .of_class = {}, .truths = {}, .answers = {}, .hits = {}, .beta = beta};
  for (int64_t c = 0; c < confusion.classes; ++c) {
    result.hits.push_back(confusion.at(c, c));
    result.truths.push_back(confusion.truths(c));
    result.answers.push_back(confusion.answers(c));
    result.of_class.push_back(
        shares(result.hits.back(), result.truths.back(), result.answers.back(), beta));
  }
  return result;
}

PrecisionRecall ClassPrecisionRecall::average(Averaging averaging) const {
  const auto sum = [](const std::vector<double>& list) {
    return std::accumulate(list.begin(), list.end(), 0.0);
  };
  if (averaging == Averaging::micro) return shares(sum(hits), sum(truths), sum(answers), beta);
  PrecisionRecall mean;
  double all = 0;
  for (size_t c = 0; c < of_class.size(); ++c) {
    const double occurs = truths[c] + answers[c] > 0 ? 1 : 0;
    const double weight = averaging == Averaging::weighted ? truths[c] : occurs;
    mean.precision += weight * of_class[c].precision;
    mean.recall += weight * of_class[c].recall;
    mean.f += weight * of_class[c].f;
    all += weight;
  }
  return {mean.precision / all, mean.recall / all, mean.f / all};
}

double matthews_correlation(const ConfusionMatrix& confusion) {
  const double all = confusion.all();
  double both = 0, truth_square = 0, answer_square = 0;
  for (int64_t c = 0; c < confusion.classes; ++c) {
    const double truths = confusion.truths(c), answers = confusion.answers(c);
    both += truths * answers;
    truth_square += truths * truths;
    answer_square += answers * answers;
  }
  const double spread = (all * all - truth_square) * (all * all - answer_square);
  return spread > 0 ? (confusion.right() * all - both) / std::sqrt(spread) : 0;
}

double cohen_kappa(const ConfusionMatrix& confusion, KappaWeights weights) {
  const double all = confusion.all();
  std::vector<double> truths, answers;
  for (int64_t c = 0; c < confusion.classes; ++c) {
    truths.push_back(confusion.truths(c));
    answers.push_back(confusion.answers(c));
  }
  double seen = 0, by_chance = 0;
  for (int64_t t = 0; t < confusion.classes; ++t)
    for (int64_t a = 0; a < confusion.classes; ++a) {
      const double distance = static_cast<double>(std::abs(t - a));
      const double weight = weights == KappaWeights::none     ? (t == a ? 0 : 1)
                            : weights == KappaWeights::linear ? distance
                                                              : distance * distance;
      seen += weight * confusion.at(t, a);
      by_chance += weight * truths[static_cast<size_t>(t)] * answers[static_cast<size_t>(a)] / all;
    }
  return by_chance > 0 ? 1 - seen / by_chance : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace espalier
