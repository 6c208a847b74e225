#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "espalier/core/error.h"
#include "espalier/report/axis.h"
#include "espalier/report/class_charts.h"
#include "espalier/report/html.h"

namespace espalier {
namespace {

using Counts = std::vector<std::vector<int64_t>>;

struct Grid {
  double cell, left, top, overhang, font;
  bool upright;  // column labels stand upright: leaning ones would overlap in narrow columns
  size_t classes, label_length;
  double width() const { return left + cell * static_cast<double>(classes) + overhang; }
  double height() const { return top + cell * static_cast<double>(classes) + 2; }
  double x(size_t column) const { return left + cell * static_cast<double>(column); }
  double y(size_t row) const { return top + cell * static_cast<double>(row); }
};

Grid grid_for(const std::vector<std::string>& classes) {
  Grid grid{};
  grid.classes = classes.size();
  // Up to kMostBeside classes leave room for something beside the matrix.
  const double room_for_cells = grid.classes <= kMostBeside ? 500 : 860;
  grid.upright = grid.classes > kMostBeside;
  grid.cell = std::clamp(room_for_cells / static_cast<double>(grid.classes), 9.0, 64.0);
  grid.font = std::clamp(grid.cell * 0.8, 7.5, 12.0);
  grid.label_length = grid.classes <= 12 ? 16 : 14;
  size_t longest = 1;
  for (const std::string& name : classes)
    longest = std::max(longest, shortened(name, grid.label_length).size());
  const double room =
      0.62 * grid.font * static_cast<double>(std::min(longest, grid.label_length)) + 10;
  grid.left = std::max(room, 34.0);
  grid.top = std::max(grid.upright ? room : room * 0.8 + 4, 30.0);
  grid.overhang = grid.upright ? 2 : std::max(0.0, room * 0.66 - grid.cell / 2) + 2;
  return grid;
}

void draw_labels(Html& svg, const Grid& grid, const std::vector<std::string>& classes) {
  const std::string size = fmt::format("font-size:{}px", px(grid.font));
  for (size_t c = 0; c < grid.classes; ++c) {
    const std::string label = shortened(classes[c], grid.label_length);
    const double middle = grid.cell / 2;
    svg.leaf("text", label,
             {{"class", "end"},
              {"style", size},
              {"x", px(grid.left - 6)},
              {"y", px(grid.y(c) + middle + grid.font * 0.35)}});
    const double x = grid.x(c) + middle + grid.font * (grid.upright ? 0.35 : 0.2), y = grid.top - 6;
    svg.leaf(
        "text", label,
        {{"style", size},
         {"x", px(x)},
         {"y", px(y)},
         {"transform", fmt::format("rotate({} {} {})", grid.upright ? -90 : -50, px(x), px(y))}});
  }
}

void draw_cell(Html& svg,
               const Grid& grid,
               const std::vector<std::string>& classes,
               size_t t,
               size_t p,
               int64_t count,
               int64_t row) {
  const double share = static_cast<double>(count) / static_cast<double>(row);
  const double strength = 0.08 + 0.92 * std::sqrt(share);
  const double gap = grid.cell > 20 ? 1.5 : 0.5;
  svg.open("g", {{"class", t == p ? "cell right" : "cell wrong"}});
  svg.empty("rect", {{"x", px(grid.x(p) + gap / 2)},
                     {"y", px(grid.y(t) + gap / 2)},
                     {"width", px(grid.cell - gap)},
                     {"height", px(grid.cell - gap)},
                     {"fill-opacity", px(strength)}});
  if (grid.cell >= 20)
    svg.leaf(
        "text",
        grid.cell < 30 && count > 999 ? si_text(static_cast<double>(count)) : std::to_string(count),
        {{"class", strength > 0.62 ? "mid strong" : "mid"},
         {"style", fmt::format("font-size:{}px", px(std::min(13.0, grid.cell * 0.4)))},
         {"x", px(grid.x(p) + grid.cell / 2)},
         {"y", px(grid.y(t) + grid.cell / 2 + 4)}});
  svg.leaf("title",
           fmt::format("{} {} {}: {} of {} ({})", classes[t], t == p ? "found as" : "taken for",
                       classes[p], count, row, percent_text(share)));
  svg.close();
}

void draw_lines(Html& svg, const Grid& grid) {
  const double end = grid.x(grid.classes), bottom = grid.y(grid.classes);
  svg.empty("rect", {{"class", "frame"},
                     {"x", px(grid.left)},
                     {"y", px(grid.top)},
                     {"width", px(end - grid.left)},
                     {"height", px(bottom - grid.top)}});
  if (grid.classes <= 20) return;
  for (size_t c = 5; c < grid.classes; c += 5) {  // guides for the eye through a large matrix
    svg.empty("line", {{"class", "grid"},
                       {"x1", px(grid.left)},
                       {"x2", px(end)},
                       {"y1", px(grid.y(c))},
                       {"y2", px(grid.y(c))}});
    svg.empty("line", {{"class", "grid"},
                       {"x1", px(grid.x(c))},
                       {"x2", px(grid.x(c))},
                       {"y1", px(grid.top)},
                       {"y2", px(bottom)}});
  }
}

}  // namespace

std::string confusion_chart(const Counts& confusion, const std::vector<std::string>& classes) {
  if (classes.empty() || classes.size() > kMostMatrixClasses || confusion.size() != classes.size())
    fail(Kind::internal, "a confusion matrix of {} rows for {} classes", confusion.size(),
         classes.size());
  const Grid grid = grid_for(classes);
  Html html;
  html.open("figure", {{"class", "matrix"}}).leaf("figcaption", "Confusion matrix");
  html.open("div", {{"class", "legend"}});
  html.open("span").leaf("i", "", {{"class", "key right"}}).text("right").close();
  html.open("span").leaf("i", "", {{"class", "key wrong"}}).text("mistaken").close();
  html.leaf("span", "rows: truth, columns: prediction; strength: share of the row",
            {{"class", "long"}})
      .close();
  html.open("div", {{"class", "scroll"}});
  html.open("svg", {{"viewBox", fmt::format("0 0 {} {}", px(grid.width()), px(grid.height()))},
                    {"style", fmt::format("width:{}px{}", px(grid.width()),
                                          grid.classes <= 12 ? ";max-width:100%" : "")},
                    {"role", "img"},
                    {"aria-label", "Confusion matrix"}});
  draw_lines(html, grid);
  draw_labels(html, grid, classes);
  for (size_t t = 0; t < grid.classes; ++t) {
    if (confusion[t].size() != grid.classes)
      fail(Kind::internal, "row {} of a confusion matrix has {} columns", t, confusion[t].size());
    const int64_t row = std::accumulate(confusion[t].begin(), confusion[t].end(), int64_t{0});
    for (size_t p = 0; p < grid.classes; ++p)
      if (confusion[t][p] > 0) draw_cell(html, grid, classes, t, p, confusion[t][p], row);
  }
  html.close().close().close();
  return html.take();
}

std::vector<Mixup> frequent_mixups(const Counts& confusion, size_t most) {
  std::vector<Mixup> all;
  for (size_t t = 0; t < confusion.size(); ++t) {
    const int64_t row = std::accumulate(confusion[t].begin(), confusion[t].end(), int64_t{0});
    for (size_t p = 0; p < confusion[t].size(); ++p)
      if (t != p && confusion[t][p] > 0)
        all.push_back({t, p, confusion[t][p],
                       static_cast<double>(confusion[t][p]) / static_cast<double>(row)});
  }
  std::stable_sort(all.begin(), all.end(), [](const Mixup& a, const Mixup& b) {
    return a.count != b.count ? a.count > b.count : a.share > b.share;
  });
  if (all.size() > most) all.resize(most);
  return all;
}

}  // namespace espalier
