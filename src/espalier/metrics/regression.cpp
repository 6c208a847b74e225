#include "espalier/metrics/regression.h"

#include <cmath>

#include "espalier/core/error.h"

namespace espalier {

Scores score_regression(std::span<const double> truth, std::span<const double> predicted) {
  if (truth.empty() || truth.size() != predicted.size())
    fail(Kind::data, "{} predictions for {} true numbers", predicted.size(), truth.size());
  const double count = static_cast<double>(truth.size());
  double mean = 0, squares = 0, total = 0, absolute = 0;
  for (size_t i = 0; i < truth.size(); ++i) {
    if (!std::isfinite(truth[i]) || !std::isfinite(predicted[i]))
      fail(Kind::data, "row {}: predicted {} for {}", i + 1, predicted[i], truth[i]);
    mean += truth[i] / count;
  }
  for (size_t i = 0; i < truth.size(); ++i) {
    const double error = truth[i] - predicted[i];
    squares += error * error;
    absolute += std::abs(error);
    total += (truth[i] - mean) * (truth[i] - mean);
  }
  const double r2 = total > 0 ? 1 - squares / total : squares > 0 ? 0 : 1;
  return {{{"r2", r2, true, std::nullopt, "share of the variance that is explained; 1 is exact"},
           {"rmse", std::sqrt(squares / count), false, std::nullopt,
            "root of the mean squared error, in the target's unit"},
           {"mae", absolute / count, false, std::nullopt,
            "mean absolute error, in the target's unit"}}};
}

}  // namespace espalier
