#include "espalier/metrics/power_law.h"

#include <cmath>
#include <limits>
#include <vector>

#include "espalier/core/error.h"

namespace espalier {
namespace {

constexpr double kLeastRate = 0.1, kMostRate = 2;
constexpr int kRates = 96;  // tried, evenly in the logarithm

struct Line {
  double limit, scale, misfit;
};

// Least squares of error on z = n^-rate with neither coefficient below 0: the free solution, or the better of the two
// on an edge.
Line fit_line(std::span<const double> z,
              std::span<const double> error,
              std::span<const double> weight) {
  double w = 0, wz = 0, we = 0, wzz = 0, wze = 0;
  for (size_t i = 0; i < z.size(); ++i) {
    w += weight[i];
    wz += weight[i] * z[i];
    we += weight[i] * error[i];
    wzz += weight[i] * z[i] * z[i];
    wze += weight[i] * z[i] * error[i];
  }
  const auto with_misfit = [&](double limit, double scale) {
    double misfit = 0;
    for (size_t i = 0; i < z.size(); ++i) {
      const double rest = error[i] - limit - scale * z[i];
      misfit += weight[i] * rest * rest;
    }
    return Line{limit, scale, misfit};
  };
  const double determinant = w * wzz - wz * wz;
  if (determinant > 1e-12 * w * wzz) {
    const double scale = (w * wze - wz * we) / determinant, limit = (we - scale * wz) / w;
    if (scale >= 0 && limit >= 0) return with_misfit(limit, scale);
  }
  const Line flat = with_misfit(std::fmax(0, we / w), 0),
             steep = with_misfit(0, std::fmax(0, wze / wzz));
  return flat.misfit <= steep.misfit ? flat : steep;
}

}  // namespace

double PowerLaw::at(double n) const {
  return limit + scale * std::pow(n, -rate);
}

PowerLaw fit_power_law(std::span<const double> n,
                       std::span<const double> error,
                       std::span<const double> weight) {
  if (n.empty() || n.size() != error.size() || n.size() != weight.size())
    fail(Kind::internal, "a curve of {} sizes, {} errors and {} weights", n.size(), error.size(),
         weight.size());
  PowerLaw best;
  double least = std::numeric_limits<double>::infinity();
  std::vector<double> z(n.size());
  for (int i = 0; i < kRates; ++i) {
    const double rate = kLeastRate * std::pow(kMostRate / kLeastRate, i / double{kRates - 1});
    // About n[0], so that the powers stay near 1.
    for (size_t k = 0; k < z.size(); ++k) z[k] = std::pow(n[k] / n[0], -rate);
    const Line line = fit_line(z, error, weight);
    if (line.misfit >= least) continue;
    least = line.misfit;
    best = {line.limit, line.scale * std::pow(n[0], rate), rate};
  }
  return best;
}

}  // namespace espalier
