#include "espalier/metrics/sample_weights.h"

#include <cmath>

#include "espalier/core/error.h"

namespace espalier {

double check_weights(std::span<const double> weight, size_t count) {
  if (!weight.empty() && weight.size() != count)
    fail(Kind::data, "{} weights for {} samples", weight.size(), count);
  double sum = weight.empty() ? static_cast<double>(count) : 0;
  for (size_t i = 0; i < weight.size(); ++i) {
    if (!(weight[i] >= 0) || std::isinf(weight[i]))
      fail(Kind::data, "the weight of sample {} is {}", i + 1, weight[i]);
    sum += weight[i];
  }
  if (sum == 0) fail(Kind::data, "there are no samples to score");
  return sum;
}

}  // namespace espalier
