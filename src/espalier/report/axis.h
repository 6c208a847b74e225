// The axis of a chart: a range widened to round numbers, its tick marks, and where a value lies on
// it.
//
//   Axis axis = linear_axis(0.013, 0.97, 5);   // 0 .. 1, ticks 0 0.2 0.4 0.6 0.8 1
//   double share = axis.at(0.4);               // 0.4 of the way along
#pragma once

#include <string>
#include <vector>

namespace espalier {

struct Axis {
  double low = 0, high = 1;  // low < high; both > 0 on a log axis
  bool log = false;
  std::vector<double> ticks;  // inside [low, high], rising

  // 0 at low, 1 at high, clamped to [-1, 2] so that a wild value cannot leave the page by far.
  double at(double value) const;
};

// About `wanted` steps of 1, 2 or 5 times a power of ten. Any finite low and high; the ends move
// outwards to ticks unless `tight`, which keeps them.
Axis linear_axis(double low, double high, int wanted, bool tight = false);

// Decades, with 2 and 5 between them when they are few. 0 < low <= high.
Axis log_axis(double low, double high);

// A tick's number, as short as it tells neighbours apart: "0.25", "1.5k", "3e-05".
std::string tick_text(const Axis& axis, double tick);

// For people: four significant digits at most, thousands grouped: "0.0312", "1,234,567".
std::string number_text(double value, int digits = 4);
// "93.4 %"; a share that is not whole never reads as 100 % or 0 %.
std::string percent_text(double share, int decimals = 1);
// "273 k", "4.1 M", "1.8 G".
std::string si_text(double value);

}  // namespace espalier
