// Which rows of a table teach and which are held out.
//
//   const Table known = with_known_target(table, "species", Goal::classify);
//   const std::vector<double> places = places_of(strata(known, "species", Goal::classify), Random(seed));
//   const SplitRows split = split_rows(places, 0, 0.2);
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "espalier/core/random.h"
#include "espalier/tabular/encoding.h"
#include "espalier/tabular/table.h"

namespace espalier {

using Rows = std::vector<int64_t>;

struct SplitRows {
  Rows train, held_out;
};

// The rows of a table that are listed, with their lines.
Table part_of(const Table& table, const Rows& rows);

// What the target says of each row: a class, or 0 for all; -1 where it is missing.
std::vector<int32_t> strata(const Table& table, const std::string& target, Goal goal);

// The rows whose target is not missing.
Table with_known_target(const Table& table, const std::string& target, Goal goal);

// For each row a number in 0..1: rows of a class, in random order, spread evenly over it. Those below a share are held
// out; those in a k-th of it are a fold.
std::vector<double> places_of(const std::vector<int32_t>& kinds, Random random);

// `most` of the rows 0..count-1, ascending; all when there are no more.
Rows drawn_rows(int64_t count, int64_t most, Random random);

// Held out: those of low <= place < high.
SplitRows split_rows(const std::vector<double>& places, double low, double high);

}  // namespace espalier
