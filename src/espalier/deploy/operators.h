// The operators of ONNX (opset 17) that are handled here, and their arguments read out of a node
// once, checked and typed, for shape inference, the runner, folding and costs alike.
//
//   check_operators(graph);  // an unknown one: Error(unsupported) naming node and operator
//   ConvArguments conv = conv_arguments(graph, node);
#pragma once

#include <array>
#include <optional>

#include "espalier/deploy/graph.h"

namespace espalier {

// Each node: known operator, number of inputs, inputs that must be constants are, of the right
// type; attributes known and of the right type; one output. Throws Error(unsupported | format)
// naming node and operator.
void check_operators(const Graph& graph);

// The names in the table, for messages and documentation.
std::vector<std::string> operator_names();

using Pair = std::array<int64_t, 2>;  // vertical, horizontal

struct ConvArguments {
  Pair strides, dilations, output_padding;
  std::array<int64_t, 4> pads;  // top, left, bottom, right; zeros where `same` decides
  int64_t groups;
  bool transposed;
  bool same;    // auto_pad SAME_UPPER (Conv): the pads depend on the image, see pads_for
  Pair extent;  // of the kernel, with dilation

  // For an image of this height and width.
  std::array<int64_t, 4> pads_for(int64_t height, int64_t width) const;
};
// Conv, ConvTranspose with a 4-d weight: two spatial axes.
ConvArguments conv_arguments(const Graph& graph, const Node& node);

struct PoolArguments {
  Pair kernel, strides, dilations;
  std::array<int64_t, 4> pads;
  bool ceil_mode, count_include_pad;
};
// MaxPool, AveragePool.
PoolArguments pool_arguments(const Node& node);

struct GatherArguments {
  int64_t axis;        // 0 .. rank-1
  at::Tensor indices;  // int64, each 0 .. size-1; one number, with which the axis goes, or a list
};
// `input`: the shape of input 0.
GatherArguments gather_arguments(const Graph& graph, const Node& node, const Shape& input);

struct SliceArguments {
  std::vector<int64_t> starts, ends, axes, steps;  // one each an axis; axes 0 .. rank-1, steps >= 1
};
SliceArguments slice_arguments(const Graph& graph, const Node& node, int64_t rank);

struct PadArguments {
  std::vector<int64_t> before, after;  // one each an axis, >= 0
  double value;
};
PadArguments pad_arguments(const Graph& graph, const Node& node, int64_t rank);

struct ResizeArguments {
  bool linear, align_corners;             // else nearest by floor
  std::optional<Pair> sizes;              // of the output, or
  std::array<double, 2> scales = {1, 1};  // output / input
};
ResizeArguments resize_arguments(const Graph& graph, const Node& node);

struct ReduceArguments {
  std::vector<int64_t> axes;  // 0 .. rank-1; all when the node names none
  bool keep;
};
ReduceArguments reduce_arguments(const Graph& graph, const Node& node, int64_t rank);

// The values of a constant input; absent inputs give nothing.
std::optional<std::vector<int64_t>> constant_integers(const Graph& graph,
                                                      const Node& node,
                                                      size_t input);
std::optional<double> constant_number(const Graph& graph, const Node& node, size_t input);

// Attributes with ONNX's default.
int64_t integer_attribute(const Node& node, const std::string& name, int64_t absent);
double number_attribute(const Node& node, const std::string& name, double absent);
std::string text_attribute(const Node& node, const std::string& name, const std::string& absent);
// An axis of 0 .. rank-1 from one that may count from the end. Throws Error(format).
int64_t normal_axis(const Node& node, int64_t axis, int64_t rank);

}  // namespace espalier
