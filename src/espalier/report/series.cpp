#include <algorithm>
#include <cmath>

#include "espalier/report/line_chart.h"

namespace espalier {

Series thin(const Series& series, size_t points) {
  const size_t count = series.y.size();
  if (count <= points) return series;
  const bool band = series.low.size() == count && series.high.size() == count;
  Series out = series;
  for (auto* list : {&out.x, &out.y, &out.low, &out.high}) list->clear();
  const auto keep = [&](size_t i) {
    out.x.push_back(series.x[i]);
    out.y.push_back(series.y[i]);
    if (!band) return;
    out.low.push_back(series.low[i]);
    out.high.push_back(series.high[i]);
  };
  const size_t stretches = std::max<size_t>(points / 2, 1);
  for (size_t s = 0; s < stretches; ++s) {
    const size_t begin = count * s / stretches, end = count * (s + 1) / stretches;
    size_t lowest = begin, highest = begin;
    for (size_t i = begin; i < end; ++i) {
      if (std::isnan(series.y[lowest]) || series.y[i] < series.y[lowest]) lowest = i;
      if (std::isnan(series.y[highest]) || series.y[i] > series.y[highest]) highest = i;
    }
    keep(std::min(lowest, highest));
    if (lowest != highest) keep(std::max(lowest, highest));
  }
  if (out.x.back() != series.x.back()) keep(count - 1);
  return out;
}

Series smooth(const Series& series, double window) {
  const double weight = 1 - 1 / std::max(window, 1.0);
  Series out = series;
  double sum = 0, mass = 0;
  for (double& y : out.y) {
    if (!std::isfinite(y)) continue;
    sum = weight * sum + (1 - weight) * y;
    mass = weight * mass + (1 - weight);
    y = sum / mass;
  }
  return out;
}

}  // namespace espalier
