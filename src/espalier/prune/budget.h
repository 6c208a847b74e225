// How much a pruned network may cost.
//
//   Budget budget = parse_budget("macs=0.5,bytes=1MB", cost.at(structure.whole()));
//   if (budget.holds(cost.at(counts))) ...
#pragma once

#include <string>
#include <vector>

#include "espalier/prune/cost_model.h"

namespace espalier {

struct Limit {
  std::string name;  // "macs"
  int64_t PrunedCost::*figure;
  int64_t most;  // latency: ns
};

struct Budget {
  std::vector<Limit> limits;

  bool holds(const PrunedCost& cost) const;
  Limit* latency();  // null where there is no such limit
  // "macs 50.2 M of at most 50.0 M": the first limit that `cost` passes; empty when it holds.
  std::string excess(const PrunedCost& cost) const;
};

// Pairs of a figure (macs, params, bytes, latency) and the most of it, with commas between: a share
// of `whole` up to 1 ("0.5"), a number with k, M, G behind it ("100M", "1.5MB"), or a time in us, ms
// or s ("3ms"). Throws Error(usage) naming the pair.
Budget parse_budget(const std::string& text, const PrunedCost& whole);

}  // namespace espalier
