// Confidence intervals of proportions and of means.
//
//   Interval interval = wilson_interval(88, 100);   // 95 %: 0.802 .. 0.930
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "espalier/metrics/scores.h"

namespace espalier {

inline constexpr double kZ95 = 1.959963984540054;  // 97.5 % point of the standard normal

// Score interval of Wilson, "Probable inference, the law of succession, and statistical inference",
// JASA 22 (1927): it stays inside [0, 1] and keeps its coverage for shares near 0 and 1, where the
// textbook p +- z s fails. No trials: [0, 1], nothing is known. Throws Error(internal) unless 0 <=
// successes <= trials.
Interval wilson_interval(int64_t successes, int64_t trials, double z = kZ95);

// The point that Student's t with so many degrees of freedom (>= 1) exceeds with probability 0.025,
// to 1e-9.
double student_t_975(int64_t degrees);

// Of the mean of independent values, 95 %: mean -+ t s / sqrt(n), s with n - 1. From two values on.
std::optional<Interval> mean_interval(const std::vector<double>& values);

}  // namespace espalier
