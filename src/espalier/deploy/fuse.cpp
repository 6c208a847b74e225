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

void merge_rounded_sums(Graph& graph) {
  std::map<std::string, size_t> maker;
  for (size_t i = 0; i < graph.nodes.size(); ++i) maker[graph.nodes[i].outputs[0]] = i;
  Readers readers(graph);
  // The node of `op` that makes `value`, for one reader alone.
  auto made_by = [&](const std::string& value, const char* op) -> const Node* {
    auto found = maker.find(value);
    if (found == maker.end() || readers.count(value) != 1) return nullptr;
    const Node& node = graph.nodes[found->second];
    return node.op == op ? &node : nullptr;
  };
  auto layer_behind = [&](const std::string& term) -> const Node* {
    const Node* node = made_by(term, "DequantizeLinear");
    if (node) node = made_by(node->inputs[0], "QuantizeLinear");
    if (node) node = made_by(node->inputs[0], "Conv");
    return node && graph.steps.count(node->inputs[1]) ? node : nullptr;
  };
  for (Node& sum : graph.nodes) {
    if (sum.op != "Add" || sum.inputs[0] == sum.inputs[1]) continue;
    for (size_t i : {size_t{0}, size_t{1}}) {
      const Node* layer = layer_behind(sum.inputs[i]);
      auto other = maker.find(sum.inputs[1 - i]);
      if (!layer || other == maker.end() || &graph.nodes[other->second] > layer) continue;
      sum.inputs[i] = layer->outputs[0];
      break;
    }
  }
  drop_unread(graph);
}

}  // namespace espalier
