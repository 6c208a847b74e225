// A part of a data set, and the choice of which samples to hold out.
//
//   HeldOut parts = hold_out(*whole, 0.1, Random(seed).stream("val"));
//   DatasetPtr train = subset(whole, parts.kept), val = subset(whole, parts.held);
#pragma once

#include <cstdint>
#include <vector>

#include "espalier/core/random.h"
#include "espalier/data/dataset.h"

namespace espalier {

// Samples `indices` of `whole`, in that order. Throws Error(internal) for an index outside.
DatasetPtr subset(DatasetPtr whole, std::vector<int64_t> indices);

struct HeldOut {
  std::vector<int64_t> kept, held;  // ascending; together all of the data set
};

// Stratified: of each class round(share * n) samples are held, at least one and never all where the
// class has two or more; 0 <= share < 1, and share 0 holds none. The choice depends on the stream
// and the labels alone.
HeldOut hold_out(const Dataset& whole, double share, const Random& random);

}  // namespace espalier
