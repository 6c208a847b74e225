#include "espalier/report/unit_square.h"

#include <fmt/format.h>

namespace espalier {

void UnitSquare::draw_grid(Html& svg, const std::string& x_name, const std::string& y_name) const {
  const double bottom = y(0) + x_labels;
  for (int tick = 0; tick <= 5; ++tick) {
    const double share = tick / 5.0;
    const std::string label = fmt::format("{} %", tick * 20);
    draw_line(svg, "grid", 0, share, 1, share);
    svg.leaf("text", label, {{"class", "end"}, {"x", px(left - 7)}, {"y", px(y(share) + 4)}});
    svg.leaf("text", label, {{"class", "mid"}, {"x", px(x(share))}, {"y", px(bottom + 16)}});
  }
  svg.leaf("text", y_name, {{"class", "soft"}, {"x", px(x(0) + 6)}, {"y", px(y(1) + 13)}});
  svg.leaf("text", x_name, {{"class", "end soft"}, {"x", px(x(1))}, {"y", px(bottom + 32)}});
}

void UnitSquare::draw_line(
    Html& svg, const char* kind, double x0, double y0, double x1, double y1) const {
  svg.empty("line", {{"class", kind},
                     {"x1", px(x(x0))},
                     {"x2", px(x(x1))},
                     {"y1", px(y(y0))},
                     {"y2", px(y(y1))}});
}

}  // namespace espalier
