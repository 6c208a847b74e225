#include <algorithm>

#include <fmt/format.h>

#include "espalier/report/axis.h"
#include "espalier/report/class_charts.h"
#include "espalier/report/html.h"
#include "espalier/report/unit_square.h"

namespace espalier {
namespace {

constexpr double kCountsTop = 330, kCountsHeight = 56;
const UnitSquare kSquare{.x_labels = 86};
const double kWidth = kSquare.x(1) + 22, kHeight = kCountsTop + kCountsHeight + 36;

void draw_frame(Html& svg) {
  kSquare.draw_grid(svg, "confidence", "accuracy");
  kSquare.draw_line(svg, "ideal", 0, 0, 1, 1);
  svg.leaf("text", "samples",
           {{"class", "soft"}, {"x", px(kSquare.x(0) + 6)}, {"y", px(kCountsTop - 5)}});
}

void draw_bin(Html& svg, const ReliabilityBin& bin, int64_t most) {
  if (bin.count == 0) return;
  const double x = kSquare.x(bin.low) + 1, width = (bin.high - bin.low) * kSquare.side - 2;
  const auto rect = [&](const char* kind, double y, double height) {
    svg.empty("rect", {{"class", kind},
                       {"x", px(x)},
                       {"width", px(std::max(width, 1.0))},
                       {"y", px(y)},
                       {"height", px(std::max(height, 0.0))}});
  };
  svg.open("g", {{"class", "bin"}});
  const double upper = std::max(bin.accuracy, bin.confidence),
               lower = std::min(bin.accuracy, bin.confidence);
  rect("bar", kSquare.y(lower), kSquare.y(0) - kSquare.y(lower));
  rect(bin.confidence > bin.accuracy ? "over" : "under", kSquare.y(upper),
       kSquare.y(lower) - kSquare.y(upper));
  const double tall =
      std::max(1.0, kCountsHeight * static_cast<double>(bin.count) / static_cast<double>(most));
  rect("count", kCountsTop + kCountsHeight - tall, tall);
  svg.leaf("title",
           fmt::format("confidence {}: {} right of {} samples", percent_text(bin.confidence),
                       percent_text(bin.accuracy), number_text(static_cast<double>(bin.count))));
  svg.close();
}

}  // namespace

std::string reliability_chart(const std::vector<ReliabilityBin>& bins) {
  int64_t most = 1;
  for (const ReliabilityBin& bin : bins) most = std::max(most, bin.count);
  Html html;
  html.open("figure", {{"class", "reliability"}})
      .leaf("figcaption", "Does confidence mean accuracy?");
  html.open("div", {{"class", "legend"}});
  html.open("span").leaf("i", "", {{"class", "key bar"}}).text("accuracy").close();
  html.open("span").leaf("i", "", {{"class", "key over"}}).text("overconfident by").close();
  html.open("span")
      .leaf("i", "", {{"class", "key under"}})
      .text("underconfident by")
      .close()
      .close();
  html.open("svg", {{"viewBox", fmt::format("0 0 {} {}", px(kWidth), px(kHeight))},
                    {"role", "img"},
                    {"aria-label", "Reliability diagram"}});
  draw_frame(html);
  for (const ReliabilityBin& bin : bins) draw_bin(html, bin, most);
  html.close().close();
  return html.take();
}

std::string share_bar(double value, const Interval& interval, double reference) {
  const auto x = [](double share) { return px(100 * std::clamp(share, 0.0, 1.0)); };
  Html svg;
  svg.open("svg", {{"class", "share"},
                   {"viewBox", "0 0 100 10"},
                   {"preserveAspectRatio", "none"},
                   {"aria-hidden", "true"}});
  svg.empty("rect",
            {{"class", "track"}, {"x", "0"}, {"y", "3"}, {"width", "100"}, {"height", "4"}});
  svg.empty("rect",
            {{"class", "bar"}, {"x", "0"}, {"y", "3"}, {"width", x(value)}, {"height", "4"}});
  svg.empty("line", {{"class", "reach"},
                     {"x1", x(interval.low)},
                     {"x2", x(interval.high)},
                     {"y1", "5"},
                     {"y2", "5"}});
  if (reference >= 0)
    svg.empty("line", {{"class", "reference"},
                       {"x1", x(reference)},
                       {"x2", x(reference)},
                       {"y1", "0"},
                       {"y2", "10"}});
  svg.close();
  return svg.take();
}

}  // namespace espalier
