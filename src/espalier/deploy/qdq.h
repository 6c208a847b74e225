// Numbers of eight bits in a graph, as ONNX has them ("QDQ"): a float value x becomes whole numbers
//   q = clamp(round(x / scale) + zero_point)      QuantizeLinear, ties to even
// and these become floats again, (q - zero_point) * scale (DequantizeLinear), between which and the next
// QuantizeLinear an ordinary operator stands. A runtime may compute all three in whole numbers at once.
//
//   fold_stored_weights(graph);                  // after reading: weights are floats that know their steps
//   write(with_stored_weights(graph));           // before writing: int8 weights behind DequantizeLinear
#pragma once

#include "espalier/deploy/graph.h"

namespace espalier {

// Of a QuantizeLinear or DequantizeLinear between values: one scale for all numbers.
struct QuantiseArguments {
  double scale;        // > 0, finite, a float32
  int64_t zero_point;  // the whole number that means 0
  bool is_signed;      // int8, else uint8

  int64_t lowest() const { return is_signed ? -128 : 0; }
  int64_t highest() const { return is_signed ? 127 : 255; }
  bool operator==(const QuantiseArguments&) const = default;
};

// Throws Error(format) naming the node for scales that are not one positive number, and zero points that
// are not one number of eight bits; Error(unsupported) for a scale that is not constant.
QuantiseArguments quantise_arguments(const Graph& graph, const Node& node);

// What comes out of a QuantizeLinear goes into DequantizeLinear of the same type and nowhere else, and
// nothing else goes in there. Throws Error(unsupported | format) naming the node.
void check_quantised_values(const Graph& graph);

// DequantizeLinear of a constant becomes a float constant with its entry in `steps` (where its zero points
// allow one), QuantizeLinear of a constant an integer one. Throws Error(format) naming node and tensor for
// scales and zero points of a wrong shape, and for scales that are not positive numbers.
void fold_stored_weights(Graph& graph);

// The graph with its constants that have steps as int8 or int32 behind a DequantizeLinear each, which
// gives the constant's name.
Graph with_stored_weights(const Graph& graph);

}  // namespace espalier
