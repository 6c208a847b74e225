// How well a score ranks the samples of one class above the others: the receiver operating characteristic and the area
// below it.
//
//   double auc = roc_auc({.positive = positive, .score = score});     // 0.5: no better than chance, 1: perfect
//   RocCurve curve = roc_curve({.positive = positive, .score = score});
#pragma once

#include <vector>

#include "espalier/metrics/binary_samples.h"

namespace espalier {

// Point i: who is taken for positive when score >= threshold[i]. From (0, 0), threshold infinity, to (1, 1).
struct RocCurve {
  std::vector<double> false_positive_rate, true_positive_rate, threshold;
};

// `all_points`: also those inside a straight piece, which scikit-learn drops by default.
RocCurve roc_curve(const BinarySamples& samples, bool all_points = false);

// The share of pairs of a positive and a negative sample in which the positive has the higher score, equal scores
// counting half (Mann and Whitney's U), which is the area below the curve. Sums of weights below 2^53 that are whole
// numbers make it exact before the last division.
double roc_auc(const BinarySamples& samples);

// Of the part of the curve up to this rate of false positives, scaled so that chance is 0.5 and perfect 1 (McClish,
// "Analyzing a portion of the ROC curve", Medical Decision Making 9, 1989), as scikit-learn's max_fpr. 0 < most <= 1;
// Error(usage) otherwise.
double partial_roc_auc(const BinarySamples& samples, double most);

}  // namespace espalier
