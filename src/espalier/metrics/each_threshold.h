// The samples met threshold by threshold, without a list of thresholds: for areas, which are a sum over them.
//
//   each_threshold(samples, [&](double threshold, double positives, double negatives) { ... });
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "espalier/metrics/binary_samples.h"
#include "espalier/metrics/rising_order.h"

namespace espalier {

// Throws as binary_samples.h says, but takes samples of one side alone.
void check_samples(const BinarySamples& samples);
// As check_samples, and there must be weight on both sides; `what` says what has no value without.
void check_both_sides(const BinarySamples& samples, const char* what);

// Calls body(score, positives, negatives) for each different score, the highest first; the last two are the weight of
// the samples with just that score. Samples without weight are passed over.
template <class Body>
void each_threshold(const BinarySamples& samples, Body&& body) {
  const std::vector<uint32_t> order = rising_order(samples.score);
  const bool weighted = !samples.weight.empty();
  for (size_t i = order.size(); i > 0;) {
    const double score = samples.score[order[i - 1]];
    double positives = 0, negatives = 0;
    do {
      const uint32_t sample = order[i - 1];
      const double weight = weighted ? samples.weight[sample] : 1;
      positives += samples.positive[sample] * weight;
      negatives += (1 - samples.positive[sample]) * weight;
      --i;
    } while (i > 0 && samples.score[order[i - 1]] == score);
    if (positives + negatives > 0) body(score, positives, negatives);
  }
}

}  // namespace espalier
