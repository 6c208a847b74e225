// One node of a graph as a function on tensors.
//
//   Kernel kernel = make_kernel(graph, node);
//   at::Tensor y = kernel({x, weight, bias});   // an absent input is an undefined tensor
#pragma once

#include <functional>

#include "espalier/deploy/graph.h"

namespace espalier {

using Kernel = std::function<at::Tensor(const std::vector<at::Tensor>&)>;

// Needs check_operators. The graph must outlive the kernel.
Kernel make_kernel(const Graph& graph, const Node& node);

}  // namespace espalier
