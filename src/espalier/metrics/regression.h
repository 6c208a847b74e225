// Scores of predicted numbers.
//
//   Scores scores = score_regression(truth, predicted);    // r2, rmse, mae
#pragma once

#include <span>

#include "espalier/metrics/scores.h"

namespace espalier {

// r2 = 1 - sum (t - p)^2 / sum (t - mean t)^2, scikit-learn's r2_score: of a constant truth 1 where all is met, else 0.
// rmse and mae are in the truth's unit. Throws Error(data) for no numbers, lists of different length and what is not finite.
Scores score_regression(std::span<const double> truth, std::span<const double> predicted);

}  // namespace espalier
