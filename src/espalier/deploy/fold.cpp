#include "espalier/deploy/fold.h"

#include <algorithm>
#include <optional>

#include "espalier/core/error.h"
#include "espalier/deploy/operators.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

using at::Tensor;

bool is_convolution(const Node& node) {
  return node.op == "Conv" || node.op == "ConvTranspose";
}
bool has_weight(const Node& node) {
  return is_convolution(node) || node.op == "Gemm";
}
bool has_bias(const Node& node) {
  return node.inputs.size() > 2 && !node.inputs[2].empty();
}

class Folding {
 public:
  explicit Folding(Graph& graph) : graph_(graph), uses_(count_uses(graph)) {}

  // Nothing when it was folded (the norm is then marked for removal), else why not.
  std::optional<std::string> fold(Node& norm) {
    Node* before = maker_of(norm.inputs[0]);
    if (before && has_weight(*before) && uses_[norm.inputs[0]] == 1) {
      fold_backward(*before, norm);
      return std::nullopt;
    }
    std::string why_not_before = before && has_weight(*before)
                                     ? fmt::format("{} before it has other readers", before->name)
                                     : "no convolution or linear layer before it";
    Node* behind = uses_[norm.outputs[0]] == 1 ? reader_of(norm.outputs[0]) : nullptr;
    if (!behind || behind->inputs[0] != norm.outputs[0] ||
        !(behind->op == "Conv" || behind->op == "Gemm"))
      return why_not_before + ", and none alone behind it";
    if (behind->op == "Conv")
      if (ConvArguments conv = conv_arguments(graph_, *behind);
          conv.same || conv.pads != std::array<int64_t, 4>{})
        return fmt::format("{}, and {} behind it pads with zeros", why_not_before, behind->name);
    fold_forward(norm, *behind);
    return std::nullopt;
  }

  void remove_folded() {
    std::erase_if(graph_.nodes, [](const Node& node) { return node.op.empty(); });
    drop_unread(graph_);
  }

 private:
  Node* maker_of(const std::string& value) {
    for (Node& node : graph_.nodes)
      if (!node.op.empty() && node.outputs[0] == value) return &node;
    return nullptr;
  }

  Node* reader_of(const std::string& value) {
    for (Node& node : graph_.nodes)
      if (!node.op.empty() && std::count(node.inputs.begin(), node.inputs.end(), value))
        return &node;
    return nullptr;
  }

  Tensor constant(const Node& node, size_t input) const {
    return graph_.constants.at(node.inputs[input]).to(at::kDouble);
  }

  // What the norm does to a channel: y = scale x + shift.
  std::pair<Tensor, Tensor> scale_and_shift(const Node& norm) const {
    Tensor scale =
        constant(norm, 1) / (constant(norm, 4) + number_attribute(norm, "epsilon", 1e-5)).sqrt();
    return {scale, constant(norm, 2) - constant(norm, 3) * scale};
  }

  // Puts a constant in the place of an input; under the old name when no other node reads that.
  void replace(Node& node, size_t input, const Tensor& value, const std::string& wish) {
    if (node.inputs.size() <= input) node.inputs.resize(input + 1);
    std::string& name = node.inputs[input];
    if (name.empty() || uses_[name] > 1) {
      --uses_[name];
      name = free_name(graph_, name.empty() ? wish : name);
      uses_[name] = 1;
    }
    graph_.constants[name] = value.to(at::kFloat).contiguous();
  }

  // s along the axis of the output channels.
  Tensor along_outputs(const Node& node, const Tensor& weight, const Tensor& s) const {
    if (node.op == "Conv") return s.reshape({-1, 1, 1, 1});
    if (node.op == "Gemm")
      return integer_attribute(node, "transB", 0) != 0 ? s.reshape({-1, 1}) : s.reshape({1, -1});
    // ConvTranspose: in x out/groups; group g's inputs make its own outputs.
    int64_t groups = integer_attribute(node, "group", 1), inputs = weight.size(0) / groups;
    return s.reshape({groups, 1, -1})
        .expand({groups, inputs, -1})
        .reshape({weight.size(0), -1, 1, 1});
  }

  void fold_backward(Node& layer, Node& norm) {
    auto [scale, shift] = scale_and_shift(norm);
    Tensor weight = constant(layer, 1);
    Tensor bias = has_bias(layer) ? constant(layer, 2) * scale + shift : shift;
    replace(layer, 1, weight * along_outputs(layer, weight, scale), layer.name + ".weight");
    replace(layer, 2, bias, layer.name + ".bias");
    layer.outputs[0] = norm.outputs[0];
    norm.op.clear();
  }

  void fold_forward(Node& norm, Node& layer) {
    auto [scale, shift] = scale_and_shift(norm);
    Tensor weight = constant(layer, 1), scaled, added;
    if (layer.op == "Gemm") {
      bool transposed = integer_attribute(layer, "transB", 0) != 0;
      scaled = weight * (transposed ? scale.reshape({1, -1}) : scale.reshape({-1, 1}));
      added = transposed ? weight.mv(shift) : weight.t().mv(shift);
    } else {
      int64_t groups = integer_attribute(layer, "group", 1), per_group = weight.size(0) / groups;
      auto along_inputs = [&](const Tensor& s) {  // out x in/groups
        return s.reshape({groups, 1, -1})
            .expand({groups, per_group, -1})
            .reshape({weight.size(0), -1, 1, 1});
      };
      scaled = weight * along_inputs(scale);
      added = (weight * along_inputs(shift)).sum({1, 2, 3});
    }
    replace(layer, 1, scaled, layer.name + ".weight");
    replace(layer, 2, has_bias(layer) ? constant(layer, 2) + added : added, layer.name + ".bias");
    layer.inputs[0] = norm.inputs[0];
    norm.op.clear();
  }

  Graph& graph_;
  std::map<std::string, int64_t> uses_;
};

}  // namespace

FoldReport fold_norms(Graph& graph, bool all) {
  FoldReport report;
  Folding folding(graph);
  for (Node& node : graph.nodes) {
    if (node.op != "BatchNormalization") continue;
    std::string name = node.name;
    std::optional<std::string> why = folding.fold(node);
    if (why && all) fail(Kind::unsupported, "the batch norm {} cannot be folded: {}", name, *why);
    if (why) report.left.emplace_back(name, *why);
    if (!why) ++report.folded;
  }
  folding.remove_folded();
  verify(graph);
  return report;
}

std::vector<std::string> useless_biases(const Graph& graph) {
  std::map<std::string, int64_t> uses = count_uses(graph);
  std::vector<std::string> names;
  for (const Node& layer : graph.nodes) {
    if (!has_weight(layer) || !has_bias(layer) || uses[layer.outputs[0]] != 1) continue;
    for (const Node& norm : graph.nodes)
      if (norm.op == "BatchNormalization" && norm.inputs[0] == layer.outputs[0])
        names.push_back(layer.name);
  }
  return names;
}

}  // namespace espalier
