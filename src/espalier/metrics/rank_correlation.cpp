#include "espalier/metrics/rank_correlation.h"

#include <cmath>

#include "espalier/metrics/bootstrap.h"
#include "espalier/metrics/rising_order.h"

namespace espalier {
namespace {

int sign(double value) {
  return (value > 0) - (value < 0);
}

}  // namespace

double spearman(const NumberPairs& pairs) {
  std::vector<double> a, b;
  for (auto [first, second] : pairs) {
    a.push_back(first);
    b.push_back(second);
  }
  a = mid_ranks(a);
  b = mid_ranks(b);
  double mean = (static_cast<double>(pairs.size()) + 1) / 2, ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean) * (b[i] - mean);
    aa += (a[i] - mean) * (a[i] - mean);
    bb += (b[i] - mean) * (b[i] - mean);
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

double kendall(const NumberPairs& pairs) {
  double agreed = 0, first_told = 0, second_told = 0;
  for (size_t i = 0; i < pairs.size(); ++i)
    for (size_t j = i + 1; j < pairs.size(); ++j) {
      const int first = sign(pairs[j].first - pairs[i].first),
                second = sign(pairs[j].second - pairs[i].second);
      agreed += first * second;
      first_told += first != 0;
      second_told += second != 0;
    }
  return first_told > 0 && second_told > 0 ? agreed / std::sqrt(first_told * second_told) : 0;
}

Interval kendall_interval(const NumberPairs& pairs) {
  return percentile_interval(bootstrap(std::ssize(pairs), [&](std::span<const uint32_t> chosen) {
    NumberPairs drawn;
    for (uint32_t i : chosen) drawn.push_back(pairs[i]);
    return kendall(drawn);
  }));
}

}  // namespace espalier
