// From importance and a budget to the channels that stay.
//
//   Counts counts = largest_counts(problem, [&](double t) { return t * shares; });
#pragma once

#include <functional>
#include <vector>

#include "espalier/core/fields.h"
#include "espalier/prune/budget.h"

namespace espalier {

struct WidthConfig {
  // Widths of layers become multiples of it, where a group has so many. 0: of 16, of the largest power of two below
  // a quarter of the width for layers of under 64 channels: what convolutions compute in (AVX-512: 16 at once).
  int64_t round_to = 0;
  double least_width = 0.1;  // share of a group that stays at least; one atom always does
  std::vector<std::string> keep_whole = {};  // groups, by name, of which nothing goes
};
Fields fields(WidthConfig& config);

// Which counts a group may have.
class AllowedCounts {
 public:
  AllowedCounts(const ChannelGroup& group, const WidthConfig& config);
  // The nearest to `wish`; between least() and the group's size.
  int64_t nearest(double wish) const;
  int64_t least() const { return nearest(0); }
  // The largest below `count`; 0 when there is none.
  int64_t below(int64_t count) const;

 private:
  int64_t size_, least_, step_;
};

// A budget and what widths may be, for one network.
class WidthChoice {
 public:
  // Throws Error(usage) saying how far the network can be narrowed when not even that holds the
  // budget, and naming the nearest for a group to keep that there is not.
  WidthChoice(const Structure& structure,
              const CostModel& cost,
              Budget budget,
              const WidthConfig& config);

  bool holds(const Counts& counts) const { return budget_.holds(cost_.at(counts)); }
  // The count nearest to `wish` that this group may have.
  int64_t nearest(size_t group, double wish) const { return allowed_[group].nearest(wish); }

  // The counts nearest to `share` of each group for the largest common factor on the shares, at most
  // 1 each, that holds the budget.
  Counts scaled(const std::vector<double>& shares) const;

  // The counts with about the largest sum of logarithms that hold the budget: from the whole network on,
  // always the group gives up channels where that saves most for what it takes from the sum.
  Counts widest() const;

  // Removes the atoms with the lowest scores of all until the budget holds.
  Counts ranked(const std::vector<double>& scores) const;

  // The best of each group by score, as many as `counts` says.
  std::vector<bool> best(const Counts& counts, const std::vector<double>& scores) const;

 private:
  // The largest i of 0 .. most with counts(i) inside the budget; counts(0) is.
  Counts largest(int64_t most, const std::function<Counts(int64_t)>& counts) const;

  const Structure& structure_;
  const CostModel& cost_;
  Budget budget_;
  std::vector<AllowedCounts> allowed_;
};

}  // namespace espalier
