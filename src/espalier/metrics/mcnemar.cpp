#include "espalier/metrics/mcnemar.h"

#include <algorithm>
#include <cmath>

#include "espalier/core/error.h"
#include "espalier/metrics/normal.h"

namespace espalier {

McNemar mcnemar(int64_t both, int64_t neither, int64_t first_only, int64_t second_only) {
  McNemar test{
      .both = both, .neither = neither, .first_only = first_only, .second_only = second_only};
  const int64_t fewer = std::min(first_only, second_only), all = first_only + second_only;
  if (all == 0) return test;
  const double n = static_cast<double>(all), k = static_cast<double>(fewer);
  // Of `fewer` heads in `all` throws; then down to none by the ratio of neighbours.
  const double seen = std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) -
                               n * std::log(2.0));
  double term = seen, tail = seen;
  for (int64_t i = fewer; i > 0 && term > 1e-18 * tail; --i) {
    term *= static_cast<double>(i) / static_cast<double>(all - i + 1);
    tail += term;
  }
  test.exact_p = std::min(1.0, 2 * tail);
  test.mid_p = std::min(1.0, 2 * tail - seen);
  const double gap = std::abs(static_cast<double>(first_only - second_only)) - 1;
  test.chi_square = gap * gap / n;
  test.chi_square_p = two_sided_p(std::sqrt(test.chi_square));
  return test;
}

McNemar mcnemar(std::span<const uint8_t> first_right, std::span<const uint8_t> second_right) {
  if (first_right.size() != second_right.size())
    fail(Kind::internal, "{} answers cannot be paired with {}", first_right.size(),
         second_right.size());
  int64_t counts[2][2] = {};
  for (size_t i = 0; i < first_right.size(); ++i)
    ++counts[first_right[i] != 0][second_right[i] != 0];
  return mcnemar(counts[1][1], counts[0][0], counts[1][0], counts[0][1]);
}

}  // namespace espalier
