// How long something takes, the way a user would feel it.
#pragma once

#include <functional>

namespace espalier {

// Median wall time of one call in milliseconds: three calls to warm up, then at least five and at most fifty counted ones,
// about half a second in all.
double median_milliseconds(const std::function<void()>& call);

}  // namespace espalier
