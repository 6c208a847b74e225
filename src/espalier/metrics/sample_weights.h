// How much each sample counts: a list as long as the samples, or an empty one for 1 each.
#pragma once

#include <cstddef>
#include <span>

namespace espalier {

// The sum. Throws Error(data) for a list of another length than `count`, a weight that is negative or not finite, and
// for no weight at all.
double check_weights(std::span<const double> weight, size_t count);

}  // namespace espalier
