#include "espalier/metrics/interval.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "espalier/core/error.h"

namespace espalier {
namespace {

// P(|T| <= t) for whole degrees of freedom: the finite sums of Abramowitz and Stegun 26.7.3 and 26.7.4.
double within(double t, int64_t degrees) {
  const double angle = std::atan(t / std::sqrt(static_cast<double>(degrees)));
  const double sine = std::sin(angle), cosine = std::cos(angle);
  const bool odd = degrees % 2 == 1;
  double term = odd ? cosine : 1, sum = odd && degrees == 1 ? 0 : term;
  for (int64_t k = odd ? 3 : 2; k < degrees - 1; k += 2) {
    term *= cosine * cosine * static_cast<double>(k - 1) / static_cast<double>(k);
    sum += term;
  }
  return odd ? 2 / M_PI * (angle + sine * sum) : sine * sum;
}

}  // namespace

Interval wilson_interval(int64_t successes, int64_t trials, double z) {
  if (successes < 0 || successes > trials)
    fail(Kind::internal, "{} successes of {} trials", successes, trials);
  if (trials == 0) return {0, 1};
  const double n = static_cast<double>(trials);
  const double p = static_cast<double>(successes) / n;
  const double centre = p + z * z / (2 * n);
  const double reach = z * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  const double scale = 1 + z * z / n;
  // The ends are exactly 0 and 1 in the extreme cases; rounding must not say otherwise.
  const double low = successes == 0 ? 0 : (centre - reach) / scale;
  const double high = successes == trials ? 1 : (centre + reach) / scale;
  return {std::max(0.0, low), std::min(1.0, high)};
}

double student_t_975(int64_t degrees) {
  if (degrees < 1) fail(Kind::internal, "Student's t with {} degrees of freedom", degrees);
  double low = 0, high = 13;  // the point of one degree is 12.7
  while (high - low > 1e-10) {
    const double middle = (low + high) / 2;
    (within(middle, degrees) < 0.95 ? low : high) = middle;
  }
  return (low + high) / 2;
}

std::optional<Interval> mean_interval(const std::vector<double>& values) {
  if (values.size() < 2) return std::nullopt;
  const double n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (double value : values) squares += (value - mean) * (value - mean);
  const double reach =
      student_t_975(static_cast<int64_t>(values.size()) - 1) * std::sqrt(squares / (n - 1) / n);
  return Interval{mean - reach, mean + reach};
}

}  // namespace espalier
