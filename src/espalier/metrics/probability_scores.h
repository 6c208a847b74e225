// How good probabilities are, of the true class and of all: they reward saying how sure one is, truthfully.
//
//   double loss = log_loss({.truth = labels, .score = rows, .classes = 3});
//   CalibrationCurve curve = calibration_curve({positive, probability}, 10);
#pragma once

#include <cstdint>
#include <vector>

#include "espalier/metrics/binary_samples.h"
#include "espalier/metrics/class_samples.h"

namespace espalier {

// Both throw Error(data) also for a probability outside [0, 1], but for rounding, and a row that sums to something off 1 by more than 0.01.

// Mean of -log(probability of the true class) in nats; probabilities are clamped to [e, 1 - e], e = 2^-52.
double log_loss(const ClassSamples& samples);

// Mean squared distance of the row from the truth's (1 for the true class, else 0), halved for two classes, where it is
// that of one class's probability (Brier 1950; scikit-learn's brier_score_loss).
double brier_score(const ClassSamples& samples);

// Samples binned by the probability of the positive class: what was said, and what came.
struct CalibrationCurve {
  std::vector<double> predicted, observed,
      weight;  // means of each bin that is not empty, and what is in it
};
enum class Bins { uniform, quantile };  // of equal width in [0, 1], or equally full
// A sample on a boundary of bins lies in the lower one, as in scikit-learn. Error(usage) for fewer than one bin; weights
// do not move the quantiles.
CalibrationCurve calibration_curve(const BinarySamples& samples,
                                   int64_t bins,
                                   Bins strategy = Bins::uniform);

}  // namespace espalier
