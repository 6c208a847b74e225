#include "espalier/report/line_chart.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "espalier/report/axis.h"
#include "espalier/report/html.h"

namespace espalier {
namespace {

constexpr double kWidth = 340, kHeight = 230, kLeft = 46, kRight = 10, kTop = 12, kBottom = 34;

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void add(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool empty() const { return !(low <= high); }
};

struct Frame {
  Axis x, y;
  double left(double value) const { return kLeft + x.at(value) * (kWidth - kLeft - kRight); }
  double top(double value) const {
    return kHeight - kBottom - y.at(value) * (kHeight - kTop - kBottom);
  }
};

bool drawable(const LineChart& chart, double value) {
  return std::isfinite(value) && (!chart.log_y || value > 0);
}

Frame frame_of(const LineChart& chart, const Range& x, const Range& y) {
  Frame frame;
  frame.x = linear_axis(x.low, x.high, 6, chart.tight_x);
  if (chart.log_y) {
    frame.y = log_axis(y.low, y.high);
    return frame;
  }
  frame.y = linear_axis(y.low, y.high, 5);
  if (!chart.percent) return frame;
  // A share has ends that it cannot pass.
  if (frame.y.high > 1 && y.high <= 1) frame.y.high = 1;
  if (frame.y.low < 0 && y.low >= 0) frame.y.low = 0;
  std::erase_if(frame.y.ticks, [&](double t) { return t > frame.y.high || t < frame.y.low; });
  return frame;
}

std::string value_text(const LineChart& chart, double value) {
  return chart.percent ? percent_text(value) : number_text(value);
}

void draw_axes(Html& svg, const LineChart& chart, const Frame& frame) {
  for (double tick : frame.y.ticks) {
    const std::string y = px(frame.top(tick));
    svg.empty(
        "line",
        {{"class", "grid"}, {"x1", px(kLeft)}, {"x2", px(kWidth - kRight)}, {"y1", y}, {"y2", y}});
    svg.leaf("text", chart.percent ? fmt::format("{:.4g} %", 100 * tick) : tick_text(frame.y, tick),
             {{"class", "end"}, {"x", px(kLeft - 7)}, {"y", px(frame.top(tick) + 4)}});
  }
  for (double tick : frame.x.ticks) {
    const std::string x = px(frame.left(tick));
    svg.empty("line", {{"class", "tick"},
                       {"x1", x},
                       {"x2", x},
                       {"y1", px(kHeight - kBottom)},
                       {"y2", px(kHeight - kBottom + 4)}});
    svg.leaf("text", tick_text(frame.x, tick),
             {{"class", "mid"}, {"x", x}, {"y", px(kHeight - kBottom + 17)}});
  }
  svg.empty("line", {{"class", "axis"},
                     {"x1", px(kLeft)},
                     {"x2", px(kWidth - kRight)},
                     {"y1", px(kHeight - kBottom)},
                     {"y2", px(kHeight - kBottom)}});
  svg.leaf("text", chart.x_label,
           {{"class", "end soft"}, {"x", px(kWidth - kRight)}, {"y", px(kHeight - 4)}});
}

void draw_mark(Html& svg, const LineChart& chart, const Frame& frame) {
  if (chart.mark_x < frame.x.low || chart.mark_x > frame.x.high) return;
  const double x = frame.left(chart.mark_x);
  const bool flip = x > kWidth * 0.7;
  svg.empty("line", {{"class", "mark"},
                     {"x1", px(x)},
                     {"x2", px(x)},
                     {"y1", px(kTop)},
                     {"y2", px(kHeight - kBottom)}});
  svg.leaf("text", chart.mark_text,
           {{"class", flip ? "end soft" : "soft"},
            {"x", px(x + (flip ? -5 : 5))},
            {"y", px(kHeight - kBottom - 7)}});
}

std::string path_of(const LineChart& chart, const Series& series, const Frame& frame) {
  std::string path;
  bool pen_down = false;
  for (size_t i = 0; i < series.y.size(); ++i) {
    if (!drawable(chart, series.y[i]) || !std::isfinite(series.x[i])) {
      pen_down = false;
      continue;
    }
    path += fmt::format("{}{},{}", pen_down ? "L" : "M", px(frame.left(series.x[i])),
                        px(frame.top(series.y[i])));
    pen_down = true;
  }
  return path;
}

void draw_band(Html& svg, const LineChart& chart, const Series& series, const Frame& frame) {
  std::string there, back;
  for (size_t i = 0; i < std::min(series.low.size(), series.high.size()) && i < series.x.size();
       ++i) {
    if (!drawable(chart, series.low[i]) || !drawable(chart, series.high[i])) continue;
    const std::string x = px(frame.left(series.x[i]));
    there += fmt::format("{}{},{}", there.empty() ? "M" : "L", x, px(frame.top(series.high[i])));
    back = fmt::format("L{},{}", x, px(frame.top(series.low[i]))) + back;
  }
  if (!there.empty())
    svg.empty("path",
              {{"class", fmt::format("band s{}", series.colour % 8)}, {"d", there + back + "Z"}});
}

// What the script shows under the pointer: the points of the path, in order.
std::string readings(const LineChart& chart, const Series& series) {
  std::string out;
  for (size_t i = 0; i < series.y.size(); ++i)
    if (drawable(chart, series.y[i]) && std::isfinite(series.x[i]))
      out += fmt::format("{}{:.5g}:{}", out.empty() ? "" : ";", series.x[i],
                         value_text(chart, series.y[i]));
  return out;
}

void draw_series(Html& svg, const LineChart& chart, const Series& series, const Frame& frame) {
  draw_band(svg, chart, series, frame);
  const std::string colour =
      fmt::format("s{}{}", series.colour % 8, series.colour >= 8 ? " dash" : "");
  Attributes attributes = {{"class", fmt::format("{} {}", series.faint ? "raw" : "line", colour)},
                           {"d", path_of(chart, series, frame)}};
  if (!series.faint) attributes.emplace_back("data-p", readings(chart, series));
  if (!series.scattered) svg.empty("path", attributes);
  if (!series.scattered && (!series.dots || series.y.size() > 60)) return;
  for (size_t i = 0; i < series.y.size(); ++i)
    if (drawable(chart, series.y[i]) && std::isfinite(series.x[i]))
      svg.empty("circle", {{"class", (series.faint ? "cloud " : "dot ") + colour},
                           {"cx", px(frame.left(series.x[i]))},
                           {"cy", px(frame.top(series.y[i]))},
                           {"r", "2.4"}});
}

void legend(Html& html, const LineChart& chart) {
  html.open("div", {{"class", "legend"}});
  for (const Series& series : chart.series) {
    if (series.faint) continue;
    double last = std::numeric_limits<double>::quiet_NaN();
    for (double y : series.y)
      if (drawable(chart, y)) last = y;
    html.open("span").leaf("i", "", {{"class", fmt::format("key s{}", series.colour % 8)}});
    html.leaf("em", series.name);
    if (!series.scattered) html.leaf("b", value_text(chart, last));
    html.close();
  }
  html.leaf("span", "", {{"class", "at"}}).close();
}

}  // namespace

std::string line_chart(const LineChart& whole) {
  LineChart chart = whole;
  Range x, y;
  for (Series& series : chart.series) {
    series = thin(series);
    for (size_t i = 0; i < series.y.size(); ++i) {
      if (!drawable(chart, series.y[i])) continue;
      x.add(series.x[i]);
      y.add(series.y[i]);
      if (i < series.low.size() && drawable(chart, series.low[i])) y.add(series.low[i]);
      if (i < series.high.size() && drawable(chart, series.high[i])) y.add(series.high[i]);
    }
  }
  if (x.empty() || y.empty()) return "";
  const Frame frame = frame_of(chart, x, y);

  Html html;
  html.open("figure", {{"class", "chart"}}).leaf("figcaption", chart.title);
  legend(html, chart);
  html.open("svg", {{"viewBox", fmt::format("0 0 {} {}", kWidth, kHeight)},
                    {"role", "img"},
                    {"aria-label", chart.title}});
  draw_axes(html, chart, frame);
  draw_mark(html, chart, frame);
  for (const Series& series : chart.series) draw_series(html, chart, series, frame);
  html.empty("line", {{"class", "cursor"},
                      {"x1", "0"},
                      {"x2", "0"},
                      {"y1", px(kTop)},
                      {"y2", px(kHeight - kBottom)}});
  html.close().close();
  return html.take();
}

}  // namespace espalier
