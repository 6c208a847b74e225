// How much a number would vary if other samples had come: drawn again and again from those that did (Efron and
// Tibshirani, "An introduction to the bootstrap", 1993).
//
//   std::vector<double> drawn = bootstrap(rows, [&](std::span<const uint32_t> chosen) { return rmse_of(chosen); });
//   Interval interval = percentile_interval(drawn);
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "espalier/metrics/scores.h"

namespace espalier {

struct BootstrapConfig {
  int64_t rounds = 2000;
  uint64_t seed = 0;
};

// A statistic of samples chosen by number; one chosen twice counts twice.
using Statistic = std::function<double(std::span<const uint32_t> chosen)>;

// The statistic of `rounds` choices of `samples` out of as many. Give it the difference of two models on the chosen
// samples, and the bootstrap is a paired one. The same seed draws the same. Throws Error(internal) for no samples.
std::vector<double> bootstrap(int64_t samples,
                              const Statistic& statistic,
                              BootstrapConfig config = {});

// The middle 95 % of what was drawn, between neighbours linearly.
Interval percentile_interval(std::vector<double> drawn);

// Corrected for bias and for an error that grows with the value (BCa, Efron 1987): `estimate` of all samples, `jackknife`:
// of all but each one. What was drawn on one side of the estimate alone cannot be corrected and is taken as it is.
Interval bca_interval(std::vector<double> drawn,
                      double estimate,
                      std::span<const double> jackknife);

}  // namespace espalier
