#include "espalier/metrics/precision_recall.h"

#include <algorithm>

#include "espalier/core/error.h"
#include "espalier/metrics/each_threshold.h"

namespace espalier {
namespace {

[[noreturn]] void no_positives() {
  fail(Kind::data, "precision and recall need a sample of the class they are about");
}

}  // namespace

PrecisionRecallCurve precision_recall_curve(const BinarySamples& samples) {
  check_samples(samples);
  PrecisionRecallCurve curve;
  double hits = 0, taken = 0;
  each_threshold(samples, [&](double score, double positives, double negatives) {
    hits += positives;
    taken += positives + negatives;
    curve.precision.push_back(hits / taken);
    curve.recall.push_back(hits);
    curve.threshold.push_back(score);
  });
  if (hits == 0) no_positives();
  for (double& recall : curve.recall) recall /= hits;
  for (std::vector<double>* list : {&curve.precision, &curve.recall, &curve.threshold})
    std::reverse(list->begin(), list->end());
  curve.precision.push_back(1);
  curve.recall.push_back(0);
  return curve;
}

double average_precision(const BinarySamples& samples) {
  check_samples(samples);
  double sum = 0, hits = 0, taken = 0;
  each_threshold(samples, [&](double, double positives, double negatives) {
    hits += positives;
    taken += positives + negatives;
    if (positives > 0) sum += positives * (hits / taken);
  });
  if (hits == 0) no_positives();
  return sum / hits;
}

}  // namespace espalier
