#include "espalier/metrics/interval.h"

#include <algorithm>
#include <cmath>

#include "espalier/core/error.h"

namespace espalier {

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

}  // namespace espalier
