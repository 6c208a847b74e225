#include "espalier/metrics/multiclass_auc.h"

#include <vector>

#include "espalier/core/error.h"
#include "espalier/metrics/roc.h"

namespace espalier {
namespace {

double weight_of(const ClassSamples& samples, size_t i) {
  return samples.weight.empty() ? 1 : samples.weight[i];
}

std::vector<double> class_weights(const ClassSamples& samples) {
  std::vector<double> weights(static_cast<size_t>(samples.classes));
  for (size_t i = 0; i < samples.truth.size(); ++i)
    weights[static_cast<size_t>(samples.truth[i])] += weight_of(samples, i);
  return weights;
}

struct Question {
  std::vector<uint8_t> positive;
  std::vector<double> score, weight;

  void add(const ClassSamples& samples, size_t i, size_t c) {
    positive.push_back(static_cast<size_t>(samples.truth[i]) == c);
    score.push_back(samples.score[i * static_cast<size_t>(samples.classes) + c]);
    if (!samples.weight.empty()) weight.push_back(samples.weight[i]);
  }
  double auc() const { return roc_auc({positive, score, weight}); }
};

// One class among the samples of two.
double pair_auc(const ClassSamples& samples, size_t c, size_t other) {
  Question question;
  for (size_t i = 0; i < samples.truth.size(); ++i) {
    const size_t truth = static_cast<size_t>(samples.truth[i]);
    if (truth == c || truth == other) question.add(samples, i, c);
  }
  return question.auc();
}

}  // namespace

double roc_auc_one_vs_rest(const ClassSamples& samples, Averaging averaging) {
  const double all = check_samples(samples);
  const std::vector<double> weights = class_weights(samples);
  Question together;
  double sum = 0, parts = 0;
  for (size_t c = 0; c < weights.size(); ++c) {
    if (averaging != Averaging::micro && (weights[c] == 0 || weights[c] == all)) continue;
    Question question;
    for (size_t i = 0; i < samples.truth.size(); ++i)
      (averaging == Averaging::micro ? together : question).add(samples, i, c);
    if (averaging == Averaging::micro) continue;
    const double part = averaging == Averaging::macro ? 1 : weights[c];
    sum += part * question.auc();
    parts += part;
  }
  if (averaging == Averaging::micro) return together.auc();
  if (parts == 0) fail(Kind::data, "a ROC curve needs samples of two classes");
  return sum / parts;
}

double roc_auc_one_vs_one(const ClassSamples& samples, Averaging averaging) {
  check_samples(samples);
  if (averaging == Averaging::micro)
    fail(Kind::usage, "one class against one has no micro average");
  const std::vector<double> weights = class_weights(samples);
  double sum = 0, parts = 0;
  for (size_t a = 0; a < weights.size(); ++a)
    for (size_t b = a + 1; b < weights.size(); ++b) {
      if (weights[a] == 0 || weights[b] == 0) continue;
      const double part = averaging == Averaging::macro ? 1 : weights[a] + weights[b];
      sum += part * (pair_auc(samples, a, b) + pair_auc(samples, b, a)) / 2;
      parts += part;
    }
  if (parts == 0) fail(Kind::data, "a ROC curve needs samples of two classes");
  return sum / parts;
}

}  // namespace espalier
