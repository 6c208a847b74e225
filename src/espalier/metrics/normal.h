// The standard normal distribution, as intervals and tests need it.
#pragma once

namespace espalier {

double normal_below(double z);         // P(Z <= z)
double normal_quantile(double share);  // its inverse; Error(internal) unless 0 < share < 1
double two_sided_p(double z);          // P(|Z| >= |z|)

}  // namespace espalier
