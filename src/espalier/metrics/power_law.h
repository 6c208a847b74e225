// How an error falls with the number of examples: error(n) = limit + scale n^-rate (Cortes et al., "Learning curves:
// asymptotic values and rate of convergence", NIPS 1993).
//
//   PowerLaw law = fit_power_law(rows, errors, weights);
//   double gained = law.at(1000) - law.at(2000);        // by twice the data, if things go on like this
#pragma once

#include <span>

namespace espalier {

struct PowerLaw {
  double limit = 0, scale = 0;  // >= 0
  double rate = 0;              // 0.1 .. 2

  double at(double n) const;
};

// Weighted least squares; weights > 0. Of a curve that does not fall, scale is 0 and limit its weighted mean. Throws
// Error(internal) for lists of different length or without a point.
PowerLaw fit_power_law(std::span<const double> n,
                       std::span<const double> error,
                       std::span<const double> weight);

}  // namespace espalier
