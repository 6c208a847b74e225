// Between which bounds the values of a network lie, measured on pictures: what quantisation divides into
// 256 steps.
//
//   Ranges ranges = measure_ranges(graph, next_images, 99.99);
//   Range range = ranges.at("layer1.0.conv1");
#pragma once

#include <functional>
#include <optional>

#include "espalier/deploy/graph.h"

namespace espalier {

struct Range {
  float low = 0, high = 0;
};
using Ranges = std::map<std::string, Range>;  // of the images and of every node's value

// The numbers of one value as a histogram of equal cells around 0, which doubles its cells' width when a
// number lies outside.
class Histogram {
 public:
  void add(const float* numbers, int64_t count);  // finite ones; Error(data) else
  // That share of the numbers, 0..1, lies below (linear within a cell); never outside those seen.
  float below(double share) const;
  float smallest() const { return smallest_; }
  float largest() const { return largest_; }

 private:
  static constexpr int64_t kCells = 8192;
  void widen(float reach);

  std::vector<int64_t> cells_ = std::vector<int64_t>(kCells, 0);
  float reach_ = 0;  // cells cover -reach .. reach
  float smallest_ = 0, largest_ = 0;
  int64_t count_ = 0;
};

// Next images, N x C x H x W float; nothing at the end.
using ImageSource = std::function<std::optional<at::Tensor>()>;

// Runs the float graph. percentile (50..100]: so many percent of a value's numbers lie below its range's
// high end, and as many above its low end; those outside are clipped. Ranges include 0. Throws Error(data)
// without images or for values that are not finite.
Ranges measure_ranges(const Graph& graph, const ImageSource& images, double percentile);

}  // namespace espalier
