#include "espalier/metrics/normal.h"

#include <cmath>

#include "espalier/core/error.h"

namespace espalier {

double normal_below(double z) {
  return std::erfc(-z / std::sqrt(2.0)) / 2;
}

double normal_quantile(double share) {
  if (!(share > 0 && share < 1)) fail(Kind::internal, "the normal quantile of {}", share);
  // Of the smaller tail, which keeps its digits.
  if (share > 0.5) return -normal_quantile(1 - share);
  double low = -40, high = 0;
  for (int step = 0; step < 70; ++step) {
    const double middle = (low + high) / 2;
    (normal_below(middle) < share ? low : high) = middle;
  }
  return (low + high) / 2;
}

double two_sided_p(double z) {
  return std::erfc(std::abs(z) / std::sqrt(2.0));
}

}  // namespace espalier
