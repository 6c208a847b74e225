// The samples met threshold by threshold, without a list of thresholds: for areas, which are a sum over them.
//
//   each_threshold(samples, [&](double threshold, double positives, double negatives) { ... });
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "espalier/metrics/binary_samples.h"
#include "espalier/metrics/rising_order.h"
#include "espalier/metrics/sorted_scores.h"

namespace espalier {

// Throws as binary_samples.h says, but takes samples of one side alone.
void check_samples(const BinarySamples& samples);
// As check_samples, and there must be weight on both sides; `what` says what has no value without.
void check_both_sides(const BinarySamples& samples, const char* what);

template <class Body>
void each_weighted_threshold(const BinarySamples& samples, Body& body) {
  const std::vector<uint32_t> order = rising_order(samples.score);
  for (size_t i = order.size(); i > 0;) {
    const double score = samples.score[order[i - 1]];
    double positives = 0, negatives = 0;
    do {
      const uint32_t sample = order[--i];
      (samples.positive[sample] ? positives : negatives) += samples.weight[sample];
    } while (i > 0 && samples.score[order[i - 1]] == score);
    if (positives + negatives > 0) body(score, positives, negatives);
  }
}

// Calls body(score, positives, negatives) for each different score, the highest first; the last two are the weight of
// the samples with just that score. Samples without weight are passed over.
template <class Body>
void each_threshold(const BinarySamples& samples, Body&& body) {
  if (!samples.weight.empty()) return each_weighted_threshold(samples, body);
  const SortedScores sorted(samples.positive, samples.score);
  for (const bool below_zero : {false, true}) {
    const std::span<const uint64_t> items = below_zero ? sorted.negative() : sorted.from_zero();
    for (size_t i = items.size(); i > 0;) {
      const double score = SortedScores::score(items[i - 1], below_zero);
      const size_t first = i;
      uint64_t positives = 0;
      do {
        positives += SortedScores::is_positive(items[--i]);
      } while (i > 0 && items[i - 1] >> 1 == items[first - 1] >> 1);
      body(score, static_cast<double>(positives), static_cast<double>(first - i - positives));
    }
  }
}

}  // namespace espalier
