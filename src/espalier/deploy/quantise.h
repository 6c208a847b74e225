// Post-training static quantisation: a folded float graph becomes one whose convolutions, linear layers,
// sums and poolings can be computed in eight bits (deploy/qdq.h), without training.
//
//   Ranges ranges = measure_ranges(graph, next_images, config.percentile);
//   QuantiseReport report = quantise(graph, ranges, config);
//   write_onnx(graph, "int8.onnx");
//
// Weights: int8, scale = max |w| / 127 of each output channel. Values: uint8, one scale for all channels;
// zero point 0 and scale = high / 255 for those that are never negative (after a rectifier), else zero
// point 128 and scale = max(-low, high) / 127. Nothing else: with these two zero points, products need no
// correction terms (a value of zero point 128 is the same numbers as int8 with zero point 0), and ONNX
// Runtime wants the same type on both sides of an operator. Biases: int32 in steps of both scales. After
// Jacob et al. 2018 (arXiv 1712.05877) and Krishnamoorthi 2018 (arXiv 1806.08342).
#pragma once

#include <utility>

#include "espalier/core/fields.h"
#include "espalier/deploy/ranges.h"

namespace espalier {

struct QuantiseConfig {
  int64_t calibrate = 512;
  double percentile = 99.99;
  std::vector<std::string> keep_float = {};
};
Fields fields(QuantiseConfig& config);

struct QuantiseReport {
  int64_t layers = 0;  // convolutions and linear layers in int8
  std::vector<std::pair<std::string, std::string>> in_float;  // node, why it stays
};

// Needs a graph without norms behind convolutions (fold_norms) and without quantised values. Convolutions
// on pictures of one pixel (squeeze-and-excite) stay in float: they cost no time and their answers scale
// whole channels. What moves numbers about (max pooling, concatenation, shuffles) is quantised where int8
// layers stand on both sides. Throws Error(usage) for a name in keep_float that is no node's.
QuantiseReport quantise(Graph& graph, const Ranges& ranges, const QuantiseConfig& config = {});

// "float stays: Sigmoid (no int8 kernel): a, b, and 3 more", a line a reason; "" when nothing does.
std::string to_text(const QuantiseReport& report);

}  // namespace espalier
