#include "espalier/metrics/each_threshold.h"

#include <cmath>

#include "espalier/core/error.h"

namespace espalier {
namespace {

struct Sides {
  double positives = 0, negatives = 0;
};

Sides sides_of(const BinarySamples& samples) {
  const size_t count = samples.positive.size();
  if (samples.score.size() != count)
    fail(Kind::data, "{} scores for {} samples", samples.score.size(), count);
  if (!samples.weight.empty() && samples.weight.size() != count)
    fail(Kind::data, "{} weights for {} samples", samples.weight.size(), count);
  uint64_t positives = 0, odd = 0;
  for (const uint8_t truth : samples.positive) {
    positives += truth;
    odd |= truth;
  }
  if (odd > 1)
    for (size_t i = 0; i < count; ++i)
      if (samples.positive[i] > 1)
        fail(Kind::data, "the truth of sample {} is {}, neither 0 nor 1", i + 1,
             samples.positive[i]);
  if (samples.weight.empty())
    return {static_cast<double>(positives), static_cast<double>(count - positives)};
  Sides sides;
  for (size_t i = 0; i < count; ++i) {
    const double weight = samples.weight[i];
    if (!(weight >= 0) || std::isinf(weight))
      fail(Kind::data, "the weight of sample {} is {}", i + 1, weight);
    (samples.positive[i] ? sides.positives : sides.negatives) += weight;
  }
  return sides;
}

}  // namespace

void check_samples(const BinarySamples& samples) {
  sides_of(samples);
}

void check_both_sides(const BinarySamples& samples, const char* what) {
  const Sides sides = sides_of(samples);
  if (sides.positives == 0 || sides.negatives == 0)
    fail(Kind::data, "{} needs samples of both classes; there are {} of the one, {} of the other",
         what, sides.positives, sides.negatives);
}

}  // namespace espalier
