// How long single layers take on this machine, in the runtime that will run them: one convolution
// or matrix product at a time, with the rectifier behind it, over a grid of channels.
//
//   LayerTimes times;
//   times.measure(key, 64, 128);            // up to 64 channels in and 128 out
//   double ms = times.at(key, 37, 100);     // between the points of the grid
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "espalier/deploy/graph.h"

namespace espalier {

// Everything about a layer but its channels. As text: "Conv 3x3 stride 2 depthwise 32x32 Relu".
struct LayerKey {
  std::string op = "";  // Conv, Gemm, or MatMul (height: rows)
  std::vector<int64_t> kernel = {}, strides = {}, pads = {};
  int64_t in_a_group = 0;         // of a grouped convolution (1: depthwise); 0: it has one group
  int64_t height = 1, width = 1;  // of its input
  std::string rectifier = "";     // Relu, Clip or none

  std::string text() const;
  auto operator<=>(const LayerKey&) const = default;
};

class LayerTimes {
 public:
  // Layers of up to so many channels: the median of 50 runs after 20, one picture, fp32, with the
  // threads of this process. Throws Error(interrupted) on Ctrl-C.
  void measure(const LayerKey& key, int64_t most_in, int64_t most_out);

  // Milliseconds, linear in both numbers of channels between the measured points. Throws
  // Error(internal) for a key that was not measured.
  double at(const LayerKey& key, int64_t in, int64_t out) const;

  bool has(const LayerKey& key) const { return grids_.count(key) > 0; }
  int64_t points() const;
  nlohmann::ordered_json to_json() const;
  // Throws Error(format).
  static LayerTimes from_json(const nlohmann::ordered_json& json);

 private:
  struct Grid {
    std::vector<int64_t> in, out;      // ascending
    std::vector<double> milliseconds;  // in x out
  };
  std::map<LayerKey, Grid> grids_;
};

// Channels at which layers of up to `most` are measured: 1, 8, 16, ... 64, 96, 128, 192, ... and `most`, in
// multiples of `unit`.
std::vector<int64_t> grid_points(int64_t most, int64_t unit);

}  // namespace espalier
