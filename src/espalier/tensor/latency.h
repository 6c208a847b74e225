// How long something takes, the way a user would feel it.
#pragma once

#include <functional>
#include <vector>

namespace espalier {

// Median wall time of one call in milliseconds: three calls to warm up, then at least five and at most fifty counted ones,
// about half a second in all.
double median_milliseconds(const std::function<void()>& call);

// The same of several, which take turns: a machine that changes its pace changes it for all.
std::vector<double> medians_in_turns(const std::vector<std::function<void()>>& calls);

}  // namespace espalier
