#include "espalier/metrics/paired.h"

#include <cmath>

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

double student_t_975(int64_t degrees) {
  if (degrees < 1) fail(Kind::internal, "Student's t with {} degrees of freedom", degrees);
  double low = 0, high = 13;  // the point of one degree is 12.7
  while (high - low > 1e-10) {
    const double middle = (low + high) / 2;
    (within(middle, degrees) < 0.95 ? low : high) = middle;
  }
  return (low + high) / 2;
}

PairedDifference paired_difference(const std::vector<double>& first,
                                   const std::vector<double>& second) {
  if (first.size() != second.size() || first.empty())
    fail(Kind::internal, "{} values cannot be paired with {}", first.size(), second.size());
  PairedDifference found{.pairs = static_cast<int64_t>(first.size()), .interval = {}};
  const double n = static_cast<double>(found.pairs);
  for (size_t i = 0; i < first.size(); ++i) {
    found.mean += (first[i] - second[i]) / n;
    found.above += first[i] > second[i];
    found.below += first[i] < second[i];
  }
  if (found.pairs < 2) return found;
  double squares = 0;
  for (size_t i = 0; i < first.size(); ++i)
    squares += std::pow(first[i] - second[i] - found.mean, 2);
  found.deviation = std::sqrt(squares / (n - 1));
  const double reach = student_t_975(found.pairs - 1) * found.deviation / std::sqrt(n);
  found.interval = {found.mean - reach, found.mean + reach};
  return found;
}

}  // namespace espalier
