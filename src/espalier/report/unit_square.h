// A square from 0 to 100 % both ways, as shares over shares are drawn in.
//
//   UnitSquare square;
//   square.draw_grid(svg, "recall", "precision");
//   svg.empty("circle", {{"cx", px(square.x(0.8))}, {"cy", px(square.y(0.9))}, ...});
#pragma once

#include <string>

#include "espalier/report/html.h"

namespace espalier {

struct UnitSquare {
  double left = 46, top = 10, side = 290;
  double x_labels = 0;  // how far below the square the labels of x stand

  double x(double share) const { return left + share * side; }
  double y(double share) const { return top + (1 - share) * side; }

  // Lines and labels each 20 %, and the names of the axes.
  void draw_grid(Html& svg, const std::string& x_name, const std::string& y_name) const;
  void draw_line(Html& svg, const char* kind, double x0, double y0, double x1, double y1) const;
};

}  // namespace espalier
