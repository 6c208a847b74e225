#include "espalier/metrics/regression.h"

#include <algorithm>
#include <cmath>

#include "espalier/core/error.h"
#include "espalier/metrics/sample_weights.h"

namespace espalier {
namespace {

// The mean of body(truth, predicted) by weight.
template <class Body>
double mean_of(const NumberSamples& samples, Body&& body) {
  const auto& [truth, predicted, weight] = samples;
  if (truth.size() != predicted.size())
    fail(Kind::data, "{} predictions for {} true numbers", predicted.size(), truth.size());
  const double all = check_weights(weight, truth.size());
  double sum = 0;
  for (size_t i = 0; i < truth.size(); ++i) {
    if (!std::isfinite(truth[i]) || !std::isfinite(predicted[i]))
      fail(Kind::data, "row {}: predicted {} for {}", i + 1, predicted[i], truth[i]);
    sum += (weight.empty() ? 1 : weight[i]) * body(truth[i], predicted[i]);
  }
  return sum / all;
}

double mean_squared_error(const NumberSamples& samples) {
  return mean_of(samples, [](double t, double p) { return (t - p) * (t - p); });
}

}  // namespace

double mean_absolute_error(const NumberSamples& samples) {
  return mean_of(samples, [](double t, double p) { return std::abs(t - p); });
}

double root_mean_squared_error(const NumberSamples& samples) {
  return std::sqrt(mean_squared_error(samples));
}

double r2_score(const NumberSamples& samples) {
  const double mean = mean_of(samples, [](double t, double) { return t; });
  const double off = mean_squared_error(samples);
  const double spread = mean_of(samples, [&](double t, double) { return (t - mean) * (t - mean); });
  return spread > 0 ? 1 - off / spread : off > 0 ? 0 : 1;
}

double pinball_loss(const NumberSamples& samples, double quantile) {
  if (!(quantile >= 0 && quantile <= 1))
    fail(Kind::usage, "the quantile {} is not in [0, 1]", quantile);
  return mean_of(samples, [&](double t, double p) {
    return std::max(quantile * (t - p), (quantile - 1) * (t - p));
  });
}

Scores score_regression(std::span<const double> truth, std::span<const double> predicted) {
  const NumberSamples samples{.truth = truth, .predicted = predicted};
  return {{{"r2", r2_score(samples), true, std::nullopt,
            "share of the variance that is explained; 1 is exact"},
           {"rmse", root_mean_squared_error(samples), false, std::nullopt,
            "root of the mean squared error, in the target's unit"},
           {"mae", mean_absolute_error(samples), false, std::nullopt,
            "mean absolute error, in the target's unit"}}};
}

}  // namespace espalier
