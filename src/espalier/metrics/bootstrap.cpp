#include "espalier/metrics/bootstrap.h"

#include <algorithm>
#include <cmath>

#include "espalier/core/error.h"
#include "espalier/core/random.h"
#include "espalier/metrics/interval.h"
#include "espalier/metrics/normal.h"

namespace espalier {
namespace {

double quantile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const size_t below = static_cast<size_t>(place), above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

std::vector<double> bootstrap(int64_t samples, const Statistic& statistic, BootstrapConfig config) {
  if (samples < 1 || config.rounds < 1)
    fail(Kind::internal, "{} rounds of drawing from {} samples", config.rounds, samples);
  std::vector<uint32_t> chosen(static_cast<size_t>(samples));
  std::vector<double> drawn;
  for (int64_t round = 0; round < config.rounds; ++round) {
    Random random = Random(config.seed).stream(static_cast<uint64_t>(round));
    for (uint32_t& one : chosen) one = static_cast<uint32_t>(random.below(samples));
    drawn.push_back(statistic(chosen));
  }
  return drawn;
}

Interval percentile_interval(std::vector<double> drawn) {
  if (drawn.empty()) fail(Kind::internal, "an interval of nothing drawn");
  std::sort(drawn.begin(), drawn.end());
  return {quantile(drawn, 0.025), quantile(drawn, 0.975)};
}

Interval bca_interval(std::vector<double> drawn,
                      double estimate,
                      std::span<const double> jackknife) {
  if (drawn.empty() || jackknife.empty()) fail(Kind::internal, "an interval of nothing drawn");
  double below = 0;
  for (const double value : drawn) below += value < estimate ? 1 : value == estimate ? 0.5 : 0;
  below /= static_cast<double>(drawn.size());
  if (below == 0 || below == 1) return percentile_interval(std::move(drawn));
  double mean = 0, squares = 0, cubes = 0;
  for (const double value : jackknife) mean += value / static_cast<double>(jackknife.size());
  for (const double value : jackknife) {
    const double off = mean - value;
    squares += off * off;
    cubes += off * off * off;
  }
  const double acceleration = squares > 0 ? cubes / (6 * std::pow(squares, 1.5)) : 0;
  const double bias = normal_quantile(below);
  const auto corrected = [&](double z) {
    return normal_below(bias + (bias + z) / (1 - acceleration * (bias + z)));
  };
  std::sort(drawn.begin(), drawn.end());
  return {quantile(drawn, corrected(-kZ95)), quantile(drawn, corrected(kZ95))};
}

}  // namespace espalier
