// Scores of predicted numbers.
//
//   Scores scores = score_regression(truth, predicted);    // r2, rmse, mae
//   double off = pinball_loss({truth, predicted}, 0.9);    // of a predicted 90 % quantile
#pragma once

#include <span>

#include "espalier/metrics/scores.h"

namespace espalier {

// The functions that take it throw Error(data) for no sample (of weight), lists of different length, a value that is not
// finite, and a weight that is negative or not finite.
struct NumberSamples {
  std::span<const double> truth, predicted;
  std::span<const double> weight = {};  // of each sample; empty: 1
};

double mean_absolute_error(const NumberSamples& samples);
double root_mean_squared_error(const NumberSamples& samples);
// 1 - sum (t - p)^2 / sum (t - mean t)^2, scikit-learn's r2_score: of a constant truth 1 where all is met, else 0.
double r2_score(const NumberSamples& samples);
// Mean of max(q (t - p), (q - 1) (t - p)): least for the quantile q of the truth. Error(usage) unless 0 <= q <= 1.
double pinball_loss(const NumberSamples& samples, double quantile);

// r2, rmse and mae; the last two are in the truth's unit. Throws as above.
Scores score_regression(std::span<const double> truth, std::span<const double> predicted);

}  // namespace espalier
