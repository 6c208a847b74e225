#include "espalier/metrics/probability_scores.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "espalier/core/error.h"
#include "espalier/metrics/each_threshold.h"

namespace espalier {
namespace {

constexpr double kRounding = 1e-6;

// Calls body(weight, class, row of probabilities) for each sample; the sum of the weights.
template <class Body>
double each_row(const ClassSamples& samples, Body&& body) {
  const double all = check_samples(samples);
  const size_t classes = static_cast<size_t>(samples.classes);
  for (size_t i = 0; i < samples.truth.size(); ++i) {
    const std::span<const double> row = samples.score.subspan(i * classes, classes);
    double sum = 0;
    for (const double share : row) {
      if (share < 0 || share > 1) fail(Kind::data, "sample {}: {} is no probability", i + 1, share);
      sum += share;
    }
    if (std::abs(sum - 1) > 0.01)
      fail(Kind::data, "sample {}: probabilities sum to {:.4g}, not to 1", i + 1, sum);
    body(samples.weight.empty() ? 1 : samples.weight[i], static_cast<size_t>(samples.truth[i]),
         row);
  }
  return all;
}

// Upper ends of all bins but the last.
std::vector<double> bin_ends(std::span<const double> values, int64_t bins, Bins strategy) {
  std::vector<double> ends, sorted;
  if (strategy == Bins::quantile)
    for (const uint32_t at : rising_order(values)) sorted.push_back(values[at]);
  for (int64_t b = 1; b < bins; ++b) {
    const double share = static_cast<double>(b) / static_cast<double>(bins);
    if (strategy == Bins::uniform) {
      ends.push_back(share);
      continue;
    }
    const double place = share * static_cast<double>(sorted.size() - 1);
    const size_t below = static_cast<size_t>(place), above = std::min(below + 1, sorted.size() - 1);
    const double rest = place - static_cast<double>(below);
    ends.push_back(sorted[below] + rest * (sorted[above] - sorted[below]));
  }
  return ends;
}

}  // namespace

double log_loss(const ClassSamples& samples) {
  constexpr double kClamp = std::numeric_limits<double>::epsilon();
  double sum = 0;
  const double all =
      each_row(samples, [&](double weight, size_t truth, std::span<const double> row) {
        sum -= weight * std::log(std::clamp(row[truth], kClamp, 1 - kClamp));
      });
  return sum / all;
}

double brier_score(const ClassSamples& samples) {
  double sum = 0;
  const double all =
      each_row(samples, [&](double weight, size_t truth, std::span<const double> row) {
        for (size_t c = 0; c < row.size(); ++c) {
          const double off = row[c] - (c == truth ? 1 : 0);
          sum += weight * off * off;
        }
      });
  return sum / all / (samples.classes == 2 ? 2 : 1);
}

CalibrationCurve calibration_curve(const BinarySamples& samples, int64_t bins, Bins strategy) {
  if (bins < 1) fail(Kind::usage, "a calibration curve of {} bins", bins);
  check_samples(samples);
  for (size_t i = 0; i < samples.score.size(); ++i)
    if (!(samples.score[i] >= 0 && samples.score[i] <= 1))
      fail(Kind::data, "sample {}: {} is no probability", i + 1, samples.score[i]);
  if (samples.score.empty()) fail(Kind::data, "there are no samples to score");
  const std::vector<double> ends = bin_ends(samples.score, bins, strategy);
  const size_t count = static_cast<size_t>(bins);
  std::vector<double> predicted(count), observed(count), weights(count);
  for (size_t i = 0; i < samples.score.size(); ++i) {
    const size_t bin = static_cast<size_t>(
        std::lower_bound(ends.begin(), ends.end(), samples.score[i]) - ends.begin());
    const double weight = samples.weight.empty() ? 1 : samples.weight[i];
    predicted[bin] += weight * samples.score[i];
    observed[bin] += weight * samples.positive[i];
    weights[bin] += weight;
  }
  CalibrationCurve curve;
  for (size_t bin = 0; bin < count; ++bin) {
    if (weights[bin] == 0) continue;
    curve.predicted.push_back(predicted[bin] / weights[bin]);
    curve.observed.push_back(observed[bin] / weights[bin]);
    curve.weight.push_back(weights[bin]);
  }
  return curve;
}

}  // namespace espalier
