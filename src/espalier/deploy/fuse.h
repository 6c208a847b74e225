// What follows a convolution, a linear layer or a sum and can be computed while its result is still
// in registers: a residual sum and an activation.
//
//   Readers readers(graph);
//   Fused fused = fuse(graph, readers, node, may_add);
#pragma once

#include <functional>
#include <optional>

#include "espalier/deploy/graph.h"

namespace espalier {

struct Activation {
  enum class Kind { relu, leaky_relu, clip, sigmoid, tanh, hard_swish, hard_sigmoid } kind;
  double alpha = 0, beta = 0;  // slope; bounds of clip; alpha and beta of hard_sigmoid
};

// The activation that a node computes; nothing for other operators and for a clip without both
// bounds.
std::optional<Activation> activation_of(const Graph& graph, const Node& node);

// Who reads which value.
class Readers {
 public:
  explicit Readers(const Graph& graph);
  // The one node that reads `value`, once; null when another node or the graph's output does, too.
  const Node* only(const std::string& value) const;
  // How often nodes and outputs read it.
  int64_t count(const std::string& value) const;

 private:
  struct Row {
    const Node* last = nullptr;
    int64_t count = 0;
  };
  std::map<std::string, Row> rows_;
};

// A node and the nodes that are computed with it.
struct Fused {
  std::string output;    // of the last of them
  std::string addend{};  // the other term of a sum that is fused; empty: none
  std::optional<Activation> activation{};
  std::vector<const Node*> absorbed{};  // the sum and the activation
};

// `node`, then the Add that is its only reader when `may_add(sum, other term)`, then the activation
// that is the only reader of that.
Fused fuse(const Graph& graph,
           const Readers& readers,
           const Node& node,
           const std::function<bool(const Node& sum, const std::string& addend)>& may_add);

// Drops the rounding between an int8 convolution and the sum that alone reads it, when the other term is
// ready by then: the sum is computed on the convolution's own, unrounded result. Answers differ from the
// graph's by less than one step of what was dropped.
void merge_rounded_sums(Graph& graph);

}  // namespace espalier
