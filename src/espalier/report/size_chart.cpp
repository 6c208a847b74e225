#include "espalier/report/size_chart.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "espalier/core/counted.h"
#include "espalier/report/axis.h"
#include "espalier/report/html.h"

namespace espalier {
namespace {

constexpr double kWidth = 600, kHeight = 200, kLeft = 46, kBottom = 34, kTop = 10, kRight = 18;
constexpr int kBins = 32;

}  // namespace

std::string size_chart(const std::vector<std::pair<int, int>>& sizes) {
  int low = sizes.at(0).first, high = 0;
  for (const auto& [width, height] : sizes) {
    low = std::min({low, width, height});
    high = std::max(high, std::min(width, height));
  }
  const Axis across = linear_axis(low, std::max(high, low + 1), 7);
  std::vector<int64_t> bins(kBins);
  for (const auto& [width, height] : sizes)
    ++bins[static_cast<size_t>(
        std::clamp(static_cast<int>(across.at(std::min(width, height)) * kBins), 0, kBins - 1))];
  const Axis up =
      linear_axis(0, static_cast<double>(*std::max_element(bins.begin(), bins.end())), 4);
  const auto x = [&](double share) { return kLeft + share * (kWidth - kLeft - kRight); };
  const auto y = [&](double share) {
    return kHeight - kBottom - share * (kHeight - kBottom - kTop);
  };

  Html chart;
  chart.open("figure").leaf("figcaption", "Short side");
  chart.open("svg", {{"viewBox", fmt::format("0 0 {} {}", kWidth, kHeight)}, {"role", "img"}});
  for (double tick : up.ticks) {
    const std::string at = px(y(up.at(tick)));
    chart.empty("line", {{"class", "grid"},
                         {"x1", px(kLeft)},
                         {"x2", px(kWidth - kRight)},
                         {"y1", at},
                         {"y2", at}});
    chart.leaf("text", tick_text(up, tick),
               {{"class", "soft end"}, {"x", px(kLeft - 7)}, {"y", px(y(up.at(tick)) + 4)}});
  }
  for (int k = 0; k < kBins; ++k) {
    const int64_t count = bins[static_cast<size_t>(k)];
    if (count == 0) continue;
    const double from = x(k / double{kBins}), to = x((k + 1) / double{kBins});
    const double top = std::min(y(up.at(static_cast<double>(count))), y(0) - 1);
    const double step = (across.high - across.low) / kBins;
    chart.open("rect", {{"class", "bar"},
                        {"x", px(from + 0.75)},
                        {"y", px(top)},
                        {"width", px(to - from - 1.5)},
                        {"height", px(y(0) - top)}});
    chart.leaf("title", fmt::format("{:.0f} to {:.0f} px: {}", across.low + k * step,
                                    across.low + (k + 1) * step, counted(count, "picture")));
    chart.close();
  }
  for (double tick : across.ticks)
    chart.leaf(
        "text", tick_text(across, tick),
        {{"class", "soft mid"}, {"x", px(x(across.at(tick)))}, {"y", px(kHeight - kBottom + 16)}});
  chart.leaf("text", "pixels",
             {{"class", "soft end"}, {"x", px(kWidth - kRight)}, {"y", px(kHeight - 4)}});
  chart.close().close();
  return chart.take();
}

}  // namespace espalier
