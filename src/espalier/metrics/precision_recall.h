// Precision over recall of a score: what ROC curves hide when positives are rare.
//
//   double ap = average_precision({.positive = positive, .score = score});   // chance gives the share of positives
#pragma once

#include <vector>

#include "espalier/metrics/binary_samples.h"

namespace espalier {

// Point i: who is taken for positive when score >= threshold[i]; thresholds rise, recall falls from 1. One point more
// than thresholds, (recall 0, precision 1), as scikit-learn's.
struct PrecisionRecallCurve {
  std::vector<double> precision, recall, threshold;
};

// One point for each different score. Without a positive sample there is no recall: Error(data).
PrecisionRecallCurve precision_recall_curve(const BinarySamples& samples);

// Sum over thresholds of the recall gained times the precision there: no interpolation, which is optimistic (Davis and
// Goadrich, "The relationship between precision-recall and ROC curves", ICML 2006).
double average_precision(const BinarySamples& samples);

}  // namespace espalier
