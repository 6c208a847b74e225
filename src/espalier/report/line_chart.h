// Curves over one axis as a <figure>: heading, legend with last values, inline SVG. Without scripts
// everything can be read; with them the legend shows the values under the pointer.
//
//   LineChart chart{.title = "Loss", .x_label = "epoch"};
//   chart.series.push_back({.name = "train", .x = epochs, .y = losses});
//   page.raw(line_chart(chart));
#pragma once

#include <string>
#include <vector>

namespace espalier {

struct Series {
  std::string name = {};
  std::vector<double> x = {}, y = {};       // the same length; a NaN in y is a gap
  std::vector<double> low = {}, high = {};  // a band around y, as long as y, or empty
  int colour = 0;                           // of the palette, 0..
  bool faint = false;      // raw data behind a smoothed curve: thin, pale, not in the legend
  bool dots = false;       // few points that each count
  bool scattered = false;  // the points alone, however many, no curve through them
};

struct LineChart {
  std::string title = {}, x_label = {};
  bool log_y = false;
  bool percent = false;  // y is a share
  bool tight_x = true;   // the axis ends where the points do, not at round numbers
  double mark_x = -1;    // a vertical hairline with mark_text at its top; < 0: none
  std::string mark_text = {};
  std::vector<Series> series = {};
};

// "" when no series has a finite point.
std::string line_chart(const LineChart& chart);

// At most about `points` points that keep the lowest and the highest of each stretch, so that
// spikes survive.
Series thin(const Series& series, size_t points = 500);

// Exponential moving average with TensorBoard's start correction, over a span of `window` points.
Series smooth(const Series& series, double window);

}  // namespace espalier
