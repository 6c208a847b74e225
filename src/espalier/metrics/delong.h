// How sure an area under a ROC curve is, and whether two scores of the same samples differ in it.
//
//   AucEstimate auc = delong_auc(positive, score);              // auc.interval
//   AucDifference gain = delong_test(positive, ours, theirs);   // gain.p
#pragma once

#include <cstdint>
#include <span>

#include "espalier/metrics/scores.h"

namespace espalier {

// DeLong, DeLong and Clarke-Pearson, "Comparing the areas under two or more correlated ROC curves", Biometrics 44, 1988,
// by ranks in n log n (Sun and Xu, "Fast implementation of DeLong's algorithm", IEEE Signal Processing Letters 21, 2014).
// Equal scores count half. Throws Error(data) as roc_auc(), and with fewer than two samples on a side.
struct AucEstimate {
  double auc = 0, variance = 0;
  Interval interval;  // 95 %, normal, cut to [0, 1]
};
AucEstimate delong_auc(std::span<const uint8_t> positive, std::span<const double> score);

struct AucDifference {
  AucEstimate first, second;
  double difference = 0;  // first - second
  Interval interval;      // of that, 95 %
  double z = 0, p = 1;    // two-sided; without any spread p is 1 for no difference, else 0
};
AucDifference delong_test(std::span<const uint8_t> positive,
                          std::span<const double> first,
                          std::span<const double> second);

}  // namespace espalier
