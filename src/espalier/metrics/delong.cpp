#include "espalier/metrics/delong.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "espalier/core/error.h"
#include "espalier/metrics/each_threshold.h"
#include "espalier/metrics/interval.h"
#include "espalier/metrics/normal.h"

namespace espalier {
namespace {

// Of each sample the share of the other side that it stands on the right side of.
struct Placements {
  std::vector<double> positives, negatives;
  double auc = 0;
};

Placements placements(std::span<const uint8_t> positive, std::span<const double> score) {
  check_both_sides({positive, score}, "the spread of an AUC");
  std::vector<double> sides[2];
  for (size_t i = 0; i < score.size(); ++i) sides[positive[i]].push_back(score[i]);
  if (sides[0].size() < 2 || sides[1].size() < 2)
    fail(Kind::data, "the spread of an AUC needs two samples of each class");
  const std::vector<double> ranks = mid_ranks(score);
  const std::vector<double> own[2] = {mid_ranks(sides[0]), mid_ranks(sides[1])};
  const double negatives = static_cast<double>(sides[0].size()),
               positives = static_cast<double>(sides[1].size());
  Placements placed;
  size_t next[2] = {0, 0};
  for (size_t i = 0; i < score.size(); ++i) {
    const uint8_t side = positive[i];
    // Ranks among all less ranks among its own: how many of the other side stand below.
    const double below = ranks[i] - own[side][next[side]++];
    if (side == 1)
      placed.positives.push_back(below / negatives);
    else
      placed.negatives.push_back(1 - below / positives);
  }
  for (const double share : placed.positives) placed.auc += share / positives;
  return placed;
}

double covariance(const std::vector<double>& a, const std::vector<double>& b) {
  const double n = static_cast<double>(a.size());
  double mean_a = 0, mean_b = 0, sum = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    mean_a += a[i] / n;
    mean_b += b[i] / n;
  }
  for (size_t i = 0; i < a.size(); ++i) sum += (a[i] - mean_a) * (b[i] - mean_b);
  return sum / (n - 1);
}

double covariance(const Placements& a, const Placements& b) {
  return covariance(a.positives, b.positives) / static_cast<double>(a.positives.size()) +
         covariance(a.negatives, b.negatives) / static_cast<double>(a.negatives.size());
}

AucEstimate estimate(const Placements& placed) {
  AucEstimate found{.auc = placed.auc, .variance = covariance(placed, placed), .interval = {}};
  const double reach = kZ95 * std::sqrt(found.variance);
  found.interval = {std::max(0.0, found.auc - reach), std::min(1.0, found.auc + reach)};
  return found;
}

}  // namespace

AucEstimate delong_auc(std::span<const uint8_t> positive, std::span<const double> score) {
  return estimate(placements(positive, score));
}

AucDifference delong_test(std::span<const uint8_t> positive,
                          std::span<const double> first,
                          std::span<const double> second) {
  const Placements one = placements(positive, first), other = placements(positive, second);
  AucDifference found;
  found.first = estimate(one);
  found.second = estimate(other);
  found.difference = one.auc - other.auc;
  Placements gap = one;
  for (size_t i = 0; i < gap.positives.size(); ++i) gap.positives[i] -= other.positives[i];
  for (size_t i = 0; i < gap.negatives.size(); ++i) gap.negatives[i] -= other.negatives[i];
  const double error = std::sqrt(covariance(gap, gap));
  found.interval = {found.difference - kZ95 * error, found.difference + kZ95 * error};
  if (error > 0)
    found.z = found.difference / error;
  else if (found.difference != 0)
    found.z = std::copysign(std::numeric_limits<double>::infinity(), found.difference);
  found.p = two_sided_p(found.z);
  return found;
}

}  // namespace espalier
