// Samples of a question with two answers, as every score of a ranking takes them.
//
//   double auc = roc_auc({.positive = is_spam, .score = probability_of_spam});
#pragma once

#include <cstdint>
#include <span>

namespace espalier {

// Spans of one length. The functions that take it throw Error(data) naming the sample for a truth that is neither 0 nor
// 1, a score that is not a number, a weight that is negative or not finite, for lists of different length, and where
// what they are to say does not exist: no sample (of weight) on one side, or on either.
struct BinarySamples {
  std::span<const uint8_t> positive;    // 1: the sample is of the class that is asked for
  std::span<const double> score;        // the higher, the more it speaks for that class; any scale
  std::span<const double> weight = {};  // of each sample; empty: all 1
};

}  // namespace espalier
