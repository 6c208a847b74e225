// Whether what one number calls larger is larger by another: of pairs, -1 (never) to 1 (always).
//
//   double tau = kendall(pairs);   // {{score, accuracy}, ...}
#pragma once

#include <utility>
#include <vector>

#include "espalier/metrics/scores.h"

namespace espalier {

using NumberPairs = std::vector<std::pair<double, double>>;

// Spearman's correlation of the ranks; equal numbers get their mean rank. 0 where all of a side are equal.
double spearman(const NumberPairs& pairs);

// Kendall's tau-b: pairs of pairs that agree less those that disagree, over the geometric mean of how many each side
// tells apart. 0 where a side tells none apart. Looks at every two pairs.
double kendall(const NumberPairs& pairs);

// 95 % of kendall() by the percentile bootstrap over the pairs, always the same draws.
Interval kendall_interval(const NumberPairs& pairs);

}  // namespace espalier
