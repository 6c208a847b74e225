#include "espalier/deploy/fuse.h"

#include "espalier/deploy/operators.h"

namespace espalier {

std::optional<Activation> activation_of(const Graph& graph, const Node& node) {
  using Kind = Activation::Kind;
  if (node.op == "Relu") return Activation{.kind = Kind::relu};
  if (node.op == "Sigmoid") return Activation{.kind = Kind::sigmoid};
  if (node.op == "Tanh") return Activation{.kind = Kind::tanh};
  if (node.op == "HardSwish") return Activation{.kind = Kind::hard_swish};
  if (node.op == "LeakyRelu")
    return Activation{.kind = Kind::leaky_relu, .alpha = number_attribute(node, "alpha", 0.01)};
  if (node.op == "HardSigmoid")
    return Activation{.kind = Kind::hard_sigmoid,
                      .alpha = number_attribute(node, "alpha", 0.2),
                      .beta = number_attribute(node, "beta", 0.5)};
  if (node.op == "Clip") {
    auto low = constant_number(graph, node, 1), high = constant_number(graph, node, 2);
    if (low && high) return Activation{.kind = Kind::clip, .alpha = *low, .beta = *high};
  }
  return std::nullopt;
}

Readers::Readers(const Graph& graph) {
  for (const Node& node : graph.nodes)
    for (const std::string& name : node.inputs) {
      rows_[name].last = &node;
      ++rows_[name].count;
    }
  for (const Port& output : graph.outputs) {
    rows_[output.name].last = nullptr;
    ++rows_[output.name].count;
  }
}

const Node* Readers::only(const std::string& value) const {
  auto row = rows_.find(value);
  return row != rows_.end() && row->second.count == 1 ? row->second.last : nullptr;
}

int64_t Readers::count(const std::string& value) const {
  auto row = rows_.find(value);
  return row == rows_.end() ? 0 : row->second.count;
}

Fused fuse(const Graph& graph,
           const Readers& readers,
           const Node& node,
           const std::function<bool(const Node& sum, const std::string& addend)>& may_add) {
  Fused fused{.output = node.outputs[0]};
  auto absorb = [&](const Node& next) {
    fused.absorbed.push_back(&next);
    fused.output = next.outputs[0];
  };
  const Node* next = readers.only(fused.output);
  if (next && next->op == "Add") {
    const std::string& addend = next->inputs[next->inputs[0] == fused.output ? 1 : 0];
    if (may_add(*next, addend)) {
      fused.addend = addend;
      absorb(*next);
      next = readers.only(fused.output);
    }
  }
  if (next && (fused.activation = activation_of(graph, *next))) absorb(*next);
  return fused;
}

}  // namespace espalier
