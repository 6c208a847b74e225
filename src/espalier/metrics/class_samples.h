// Samples of several classes with a score for each class.
//
//   double loss = log_loss({.truth = labels, .score = probabilities, .classes = 3});
#pragma once

#include <cstdint>
#include <span>

namespace espalier {

// The functions that take it throw Error(data) naming the sample with a class outside 0 .. classes - 1 or a score that is
// not a number, for lists of wrong length, and for no sample (of weight) at all.
struct ClassSamples {
  std::span<const int32_t> truth;
  std::span<const double> score;  // samples x classes, row-major
  int64_t classes = 2;
  std::span<const double> weight = {};  // of each sample; empty: 1
};

// Throws as above. The sum of the weights.
double check_samples(const ClassSamples& samples);

}  // namespace espalier
