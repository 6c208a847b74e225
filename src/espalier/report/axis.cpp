#include "espalier/report/axis.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "espalier/core/counted.h"

namespace espalier {
namespace {

// The smallest of 1, 2, 5 times a power of ten that is not under `rough`.
double round_step(double rough) {
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (double factor : {1.0, 2.0, 5.0})
    if (rough <= factor * power * (1 + 1e-9)) return factor * power;
  return 10 * power;
}

}  // namespace

double Axis::at(double value) const {
  const double share = log ? (std::log(std::max(value, low * 1e-9)) - std::log(low)) /
                                 (std::log(high) - std::log(low))
                           : (value - low) / (high - low);
  return std::isnan(share) ? 0 : std::clamp(share, -1.0, 2.0);
}

Axis linear_axis(double low, double high, int wanted, bool tight) {
  constexpr double kHuge = 1e100;  // beyond it differences and powers overflow
  low = std::clamp(low, -kHuge, kHuge);
  high = std::clamp(high, -kHuge, kHuge);
  const double least = std::max({std::abs(low), std::abs(high), 1e-100}) * 1e-6;
  if (!(high - low > least)) {  // one value: give it room
    const double middle = (low + high) / 2, room = std::max(std::abs(middle) * 0.1, least * 10);
    low = middle - room;
    high = middle + room;
  }
  const double step = round_step((high - low) / std::max(wanted, 1));
  Axis axis{.low = low, .high = high, .ticks = {}};
  if (!tight) {
    axis.low = std::floor(low / step + 1e-9) * step;
    axis.high = std::ceil(high / step - 1e-9) * step;
  }
  const double first = std::ceil(axis.low / step - 1e-9), slack = step * 1e-6;
  for (int i = 0; i < 20 && (first + i) * step <= axis.high + slack; ++i)
    axis.ticks.push_back((first + i) * step + 0.0);
  return axis;
}

Axis log_axis(double low, double high) {
  low = std::clamp(low, 1e-100, 1e100);
  high = std::clamp(high, low, 1e100);
  std::vector<double> round;  // 1, 2, 5, 10, ... from just below the data to just above
  const int first = static_cast<int>(std::floor(std::log10(low) + 1e-9));
  for (int decade = first; round.empty() || round.back() < high * (1 - 1e-9); ++decade)
    for (double factor : {1.0, 2.0, 5.0})
      if (round.empty() || round.back() < high * (1 - 1e-9))
        round.push_back(factor * std::pow(10, decade));
  while (round.size() > 2 && round[1] <= low * (1 + 1e-9)) round.erase(round.begin());
  if (round.size() == 1) round.push_back(round.front() * 10);

  Axis axis{.low = round.front(), .high = round.back(), .log = true, .ticks = {}};
  const double decades = std::log10(axis.high / axis.low);
  if (decades <= 2.1) {
    axis.ticks = round;
    return axis;
  }
  const int stride = 1 + static_cast<int>(decades / 6);
  for (int decade = static_cast<int>(std::ceil(std::log10(axis.low) - 1e-9));
       decade <= std::log10(axis.high) + 1e-9; decade += stride)
    axis.ticks.push_back(std::pow(10, decade));
  return axis;
}

std::string tick_text(const Axis& axis, double tick) {
  if (tick == 0) return "0";
  const double size = std::abs(tick);
  if (axis.log) return fmt::format("{:.3g}", tick);
  const double step = axis.ticks.size() > 1 ? axis.ticks[1] - axis.ticks[0] : size;
  const double top = std::max(std::abs(axis.ticks.front()), std::abs(axis.ticks.back()));
  if (top >= 1e10 || top < 1e-3) return fmt::format("{:.4g}", tick);
  if (top >= 1e7) return fmt::format("{:.6g}M", tick / 1e6);
  if (top >= 1e4) return fmt::format("{:.6g}k", tick / 1000);
  const int decimals = std::clamp(static_cast<int>(-std::floor(std::log10(step) + 1e-9)), 0, 6);
  return fmt::format("{:.{}f}", tick, decimals);
}

std::string number_text(double value, int digits) {
  if (!std::isfinite(value)) return "–";
  if (value == std::floor(value) && std::abs(value) < 1e15)
    return with_commas(static_cast<int64_t>(value));
  if (std::abs(value) >= std::pow(10, digits) && std::abs(value) < 1e15)
    return with_commas(std::llround(value));
  return fmt::format("{:.{}g}", value, digits);
}

std::string percent_text(double share, int decimals) {
  if (!std::isfinite(share)) return "–";
  std::string text = fmt::format("{:.{}f}", 100 * share, decimals);
  const double step = std::pow(10, -decimals);
  if (share < 1 && share > 0.5 && text == fmt::format("{:.{}f}", 100.0, decimals))
    text = fmt::format("{:.{}f}", 100 - step, decimals);
  if (share > 0 && share < 0.5 && text == fmt::format("{:.{}f}", 0.0, decimals))
    text = fmt::format("{:.{}f}", step, decimals);
  return text + " %";
}

std::string si_text(double value) {
  if (!std::isfinite(value)) return "–";
  const double size = std::abs(value);
  const char* units[] = {"", " k", " M", " G", " T", " P"};
  int unit = 0;
  double scaled = value;
  while (unit < 5 && std::abs(scaled) >= 999.5) {
    scaled /= 1000;
    ++unit;
  }
  if (size < 1000 && value == std::floor(value)) return fmt::format("{:.0f}", value);
  return fmt::format("{:.3g}{}", scaled, units[unit]);
}

}  // namespace espalier
