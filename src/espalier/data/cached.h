// Keeps samples in memory once they have been read, up to a budget of bytes; what does not fit is
// read again each time. Nothing is evicted: an epoch visits every sample once, which is the worst
// case of replacement rules.
//
//   DatasetPtr train = cached(make_orchard(config, OrchardSplit::train));
#pragma once

#include <cstdint>

#include "espalier/data/dataset.h"

namespace espalier {

// Safe from several threads. A sample is kept for the first `min_side` it was read with; other
// sizes are read through. Instance masks are kept cropped to what is set in them, and come back
// whole. Errors are not kept.
DatasetPtr cached(DatasetPtr base, uint64_t max_bytes = uint64_t{1} << 30);

}  // namespace espalier
