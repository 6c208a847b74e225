#include "espalier/nn/bias_check.h"

#include <set>
#include <unordered_map>

#include <torch/csrc/autograd/functions/accumulate_grad.h>

#include "espalier/core/error.h"
#include "espalier/nn/norms.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

using torch::Tensor;
using torch::autograd::Node;

bool is_norm(const Node& node) {
  return node.name().find("BatchNorm") != std::string::npos;
}

// The parameter that input `edge` of a recorded operation is, or an undefined tensor.
Tensor parameter_at(const Node& node, size_t edge) {
  if (edge >= node.num_outputs()) return {};
  auto* leaf = dynamic_cast<torch::autograd::AccumulateGrad*>(node.next_edge(edge).function.get());
  return leaf ? leaf->variable : Tensor();
}

struct Layer {
  Tensor weight, bias;
};

// The bias and weight of a recorded convolution (input, weight, bias) or linear layer (bias, input,
// transposed weight).
Layer layer_of(const Node& node) {
  if (node.name().find("ConvolutionBackward") != std::string::npos)
    return {parameter_at(node, 1), parameter_at(node, 2)};
  if (node.name().find("AddmmBackward") != std::string::npos) {
    const auto& transposed = node.next_edge(2).function;
    return {transposed ? parameter_at(*transposed, 0) : Tensor(), parameter_at(node, 0)};
  }
  return {};
}

// Every operation below `output`, and who uses the result of each.
struct Recorded {
  std::vector<Node*> nodes;
  std::unordered_map<Node*, std::vector<Node*>> users;

  explicit Recorded(const Tensor& output) {
    std::set<Node*> seen;
    std::vector<Node*> open = {output.grad_fn().get()};
    while (!open.empty()) {
      Node* node = open.back();
      open.pop_back();
      if (!node || !seen.insert(node).second) continue;
      nodes.push_back(node);
      for (const auto& edge : node->next_edges()) {
        users[edge.function.get()].push_back(node);
        open.push_back(edge.function.get());
      }
    }
  }
};

struct Candidate {
  Layer layer;
  Tensor gamma;  // of the norm
};

// A batch norm's input is its edge 0, gamma its edge 1.
bool feeds_only_norms(const Recorded& recorded, Node* node) {
  auto found = recorded.users.find(node);
  if (found == recorded.users.end()) return false;
  for (const Node* user : found->second)
    if (!is_norm(*user) || user->next_edge(0).function.get() != node) return false;
  return true;
}

std::vector<Candidate> candidates_in(const Recorded& recorded) {
  std::vector<Candidate> candidates;
  std::set<const void*> elsewhere;  // biases with a use that is not before a norm
  for (Node* node : recorded.nodes) {
    Layer layer = layer_of(*node);
    if (!layer.bias.defined() || !layer.weight.defined()) continue;
    if (feeds_only_norms(recorded, node))
      candidates.push_back({layer, parameter_at(*recorded.users.at(node).front(), 1)});
    else
      elsewhere.insert(layer.bias.unsafeGetTensorImpl());
  }
  std::erase_if(candidates, [&](const Candidate& candidate) {
    return elsewhere.count(candidate.layer.bias.unsafeGetTensorImpl()) > 0;
  });
  return candidates;
}

bool has_no_gradient(const Tensor& output, const Candidate& candidate) {
  auto gradients =
      torch::autograd::grad({output}, {candidate.layer.weight, candidate.layer.bias}, {},
                            /*retain_graph=*/true, false, /*allow_unused=*/true);
  if (!gradients[0].defined() || !gradients[1].defined()) return false;
  double weight = gradients[0].abs().max().item<double>();
  return weight > 0 && gradients[1].abs().max().item<double>() < 1e-3 * weight;
}

// Name of the module that owns a parameter.
std::string owner_of(const torch::nn::Module& net, const Tensor& parameter) {
  if (!parameter.defined()) return "";
  for (const auto& item : net.named_parameters())
    if (item.value().is_same(parameter)) return item.key().substr(0, item.key().rfind('.'));
  return "";
}

}  // namespace

std::vector<UselessBias> find_useless_biases(torch::nn::Module& net,
                                             const std::function<Tensor()>& forward) {
  NormScope scope(net);
  net.train();  // frozen norms stay frozen
  torch::AutoGradMode recording(true);
  Tensor output = forward();
  if (!output.defined() || !output.grad_fn())
    fail(Kind::internal, "find_useless_biases: the output records no operation");
  // Smooth, of no symmetry that would cancel gradients by chance, and the generator is left alone.
  Tensor direction =
      torch::arange(output.numel(), output.options()).mul(0.7).sin().view(output.sizes());
  Tensor projected = (output * direction).sum();
  std::vector<UselessBias> useless;
  std::set<std::string> named;
  for (const Candidate& candidate : candidates_in(Recorded(projected))) {
    std::string layer = owner_of(net, candidate.layer.bias);
    if (layer.empty() || named.count(layer) || !has_no_gradient(projected, candidate)) continue;
    named.insert(layer);
    useless.push_back({layer, owner_of(net, candidate.gamma), candidate.layer.bias.numel()});
  }
  return useless;
}

}  // namespace espalier
