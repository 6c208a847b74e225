// Exact splits: every cut between two neighbouring values is tried.
#pragma once

#include <memory>
#include <span>

#include "espalier/core/random.h"
#include "espalier/tabular/tree_grow.h"
#include "espalier/tabular/tree_ranks.h"

namespace espalier {

// Of the samples numbered in `samples` (rising). Both engines find the same splits. One keeps all columns sorted as the
// nodes split, the other sorts the columns that a node asks for; the latter is taken where a node tries less than a
// tenth of them. The table and what the target looks into must stay. Throws Error(unsupported) when rank, class and
// times drawn do not fit into 32 bits.
std::unique_ptr<SplitEngine> make_exact_engine(const TreeConfig& config,
                                               const RankedTable& table,
                                               const TreeTarget& target,
                                               std::span<const uint32_t> samples,
                                               Random random);

}  // namespace espalier
