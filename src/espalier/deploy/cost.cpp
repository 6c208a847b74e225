#include "espalier/deploy/cost.h"

#include <set>

#include "espalier/deploy/operators.h"
#include "espalier/deploy/shapes.h"
#include "espalier/deploy/trace.h"
#include "espalier/models/model.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

// Inputs that training would change.
std::vector<size_t> learned_inputs(const Node& node) {
  if (node.op == "Conv" || node.op == "ConvTranspose" || node.op == "Gemm" ||
      node.op == "BatchNormalization" || node.op == "LayerNormalization")
    return {1, 2};
  if (node.op == "MatMul") return {0, 1};
  if (node.op == "Add" || node.op == "Mul")
    return {0, 1};  // the bias of a linear layer on more than two axes
  return {};
}

int64_t count_macs(const Node& node, const std::map<std::string, Shape>& shapes) {
  const Shape& out = shapes.at(node.outputs[0]);
  if (node.op == "Conv") {
    const Shape& w = shapes.at(node.inputs[1]);  // each output sums over in/groups x kernel
    return count_numbers(out) * w[1] * w[2] * w[3];
  }
  if (node.op == "ConvTranspose") {
    const Shape& w = shapes.at(node.inputs[1]);  // each input goes to out/groups x kernel
    return count_numbers(shapes.at(node.inputs[0])) * w[1] * w[2] * w[3];
  }
  if (node.op == "Gemm" || node.op == "MatMul")
    return count_numbers(out) * shapes.at(node.inputs[0]).back();
  return 0;
}

int64_t count_extras(const Node& node, const std::map<std::string, Shape>& shapes) {
  int64_t outputs = count_numbers(shapes.at(node.outputs[0]));
  if (node.op == "BatchNormalization") return outputs;
  if (node.op == "Conv" || node.op == "Gemm") return node.inputs.size() > 2 ? outputs : 0;
  if (node.op == "GlobalAveragePool") return count_numbers(shapes.at(node.inputs[0]));
  if (node.op == "MaxPool" || node.op == "AveragePool") {
    Pair kernel = pool_arguments(node).kernel;
    return outputs * kernel[0] * kernel[1];
  }
  return 0;
}

}  // namespace

Cost count_cost(const Graph& graph, const Shape& input) {
  check_operators(graph);
  std::map<std::string, Shape> shapes = infer_shapes(graph, input);
  Cost cost;
  std::set<std::string> counted;
  for (const Node& node : graph.nodes) {
    LayerCost layer{.name = node.name,
                    .op = node.op,
                    .output = shapes.at(node.outputs[0]),
                    .macs = count_macs(node, shapes),
                    .extras = count_extras(node, shapes)};
    if (layer.macs > 0) {
      layer.activations = layer.traffic = count_numbers(layer.output);
      for (const std::string& input : node.inputs)
        if (!input.empty()) layer.traffic += count_numbers(shapes.at(input));
    }
    for (size_t position : learned_inputs(node)) {
      if (position >= node.inputs.size() || !graph.constants.count(node.inputs[position])) continue;
      const Shape& shape = shapes.at(node.inputs[position]);
      if (!shape.empty() && counted.insert(node.inputs[position]).second)
        layer.parameters += count_numbers(shape);
    }
    cost.parameters += layer.parameters;
    cost.macs += layer.macs;
    cost.activations += layer.activations;
    cost.traffic += layer.traffic;
    cost.extras += layer.extras;
    if (layer.parameters > 0 || layer.macs > 0 || layer.extras > 0)
      cost.layers.push_back(std::move(layer));
  }
  return cost;
}

Cost count_cost(ImageModel& model, int64_t channels, int64_t height, int64_t width) {
  return count_cost(trace(model, at::zeros({1, channels, height, width})),
                    {1, channels, height, width});
}

}  // namespace espalier
