// The shape of every value for a given input, without running anything: what costs are counted
// from, and what is checked before a kernel sees a graph from a file.
//
//   std::map<std::string, Shape> shapes = infer_shapes(graph, {1, 3, 224, 224});
//   shapes.at("layer4.1.conv2");   // {1, 512, 7, 7}
#pragma once

#include "espalier/deploy/graph.h"

namespace espalier {

// Constants included. `input` is the shape of the graph's one input, every size known. Needs
// check_operators. Throws Error(format) naming the node whose inputs do not fit together,
// Error(unsupported) for a value of more than 2^29 numbers.
std::map<std::string, Shape> infer_shapes(const Graph& graph, const Shape& input);

// "1x3x224x224".
std::string shape_text(const Shape& shape);

// Product of the sizes; Error(format) when it passes 2^62.
int64_t count_numbers(const Shape& shape);

}  // namespace espalier
