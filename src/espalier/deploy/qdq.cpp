#include "espalier/deploy/qdq.h"

#include <cmath>
#include <set>

#include "espalier/core/error.h"
#include "espalier/deploy/operators.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

bool quantises(const Node& node) {
  return node.op == "QuantizeLinear";
}

bool dequantises(const Node& node) {
  return node.op == "DequantizeLinear";
}

bool has_input(const Node& node, size_t position) {
  return position < node.inputs.size() && !node.inputs[position].empty();
}

// Of a node whose attributes nobody has looked at yet.
int64_t axis_of(const Node& node) {
  for (const auto& [name, value] : node.attributes)
    if (name != "axis" && name != "saturate")
      fail(Kind::unsupported, "{} has the attribute {}, which is not handled", describe(node),
           in_quotes(name));
  auto axis = node.attributes.find("axis");
  if (axis == node.attributes.end()) return 1;
  if (!std::holds_alternative<int64_t>(axis->second))
    fail(Kind::format, "{}: the attribute 'axis' has the wrong type", describe(node));
  return std::get<int64_t>(axis->second);
}

const at::Tensor& constant_input(const Graph& graph, const Node& node, size_t position) {
  if (!has_input(node, position))
    fail(Kind::format, "{} lacks its input {}", describe(node), position);
  auto constant = graph.constants.find(node.inputs[position]);
  if (constant == graph.constants.end())
    fail(Kind::unsupported, "{} computes its input {} ({}); only constants are handled there",
         describe(node), position, in_quotes(node.inputs[position]));
  return constant->second;
}

// float32, each finite and above 0.
const at::Tensor& scales_of(const Graph& graph, const Node& node) {
  const at::Tensor& scales = constant_input(graph, node, 1);
  if (scales.scalar_type() != at::kFloat)
    fail(Kind::format, "{}: its scales {} must be float32", describe(node),
         in_quotes(node.inputs[1]));
  const float* numbers = scales.const_data_ptr<float>();
  for (int64_t i = 0; i < scales.numel(); ++i)
    if (!(numbers[i] > 0) || !std::isfinite(numbers[i]))
      fail(Kind::format, "{}: its scales {} hold {}; a scale is a finite number above 0",
           describe(node), in_quotes(node.inputs[1]), numbers[i]);
  return scales;
}

// The scales or zero points of a constant with `rank` axes, shaped to be multiplied with it.
at::Tensor spread(const Graph& graph, const Node& node, size_t input, const at::Tensor& values) {
  at::Tensor numbers = constant_input(graph, node, input);
  int64_t axis = axis_of(node);
  if (numbers.numel() == 1) return numbers.reshape({});
  axis = normal_axis(node, axis, values.dim());
  if (numbers.dim() != 1 || numbers.size(0) != values.size(axis))
    fail(Kind::format, "{}: {} has {} numbers, axis {} of {} has {}", describe(node),
         in_quotes(node.inputs[input]), numbers.numel(), axis, in_quotes(node.inputs[0]),
         values.size(axis));
  std::vector<int64_t> shape(static_cast<size_t>(values.dim()), 1);
  shape[static_cast<size_t>(axis)] = -1;
  return numbers.reshape(shape);
}

at::Tensor zero_points(const Graph& graph,
                       const Node& node,
                       const at::Tensor& values,
                       at::ScalarType type) {
  if (!has_input(node, 2)) return at::zeros({}, at::kLong);
  at::Tensor zeros = spread(graph, node, 2, values);
  if (zeros.scalar_type() != type)
    fail(Kind::format, "{}: its zero points {} are of another type than its numbers",
         describe(node), in_quotes(node.inputs[2]));
  return zeros.to(at::kLong);
}

void want_int32(const Node& node, const at::Tensor& numbers) {
  if (!at::equal(numbers.to(at::kInt).to(at::kLong), numbers.to(at::kLong)))
    fail(Kind::format, "{}: its input {} holds numbers beyond int32", describe(node),
         in_quotes(node.inputs[0]));
}

void dequantise_constant(Graph& graph, const Node& node) {
  const at::Tensor stored = graph.constants.at(node.inputs[0]);
  at::ScalarType type = stored.scalar_type();
  bool wide = type == at::kLong || type == at::kInt;  // int32; the reader makes int64 of it
  if (type != at::kChar && type != at::kByte && !wide)
    fail(Kind::format, "{}: its input {} must be int8, uint8 or int32", describe(node),
         in_quotes(node.inputs[0]));
  scales_of(graph, node);
  at::Tensor scale = spread(graph, node, 1, stored);
  at::Tensor zeros = zero_points(graph, node, stored, type);
  want_int32(node, stored);
  want_int32(node, zeros);
  at::Tensor whole = stored.to(at::kLong) - zeros;
  const std::string& name = node.outputs.at(0);
  graph.constants[name] = (whole.to(at::kFloat) * scale).contiguous();
  bool fits = wide || whole.numel() == 0 ||
              (whole.min().item<int64_t>() >= -128 && whole.max().item<int64_t>() <= 127);
  if (!fits) return;  // stays a float constant, which everything can read
  int64_t axis = scale.dim() == 0 ? 0 : normal_axis(node, axis_of(node), stored.dim());
  graph.steps[name] = {.scale = scale.reshape({-1}).clone(), .axis = axis, .wide = wide};
}

void quantise_constant(Graph& graph, const Node& node) {
  const at::Tensor values = graph.constants.at(node.inputs[0]);
  if (values.scalar_type() != at::kFloat)
    fail(Kind::format, "{}: its input {} must be float32", describe(node),
         in_quotes(node.inputs[0]));
  scales_of(graph, node);
  at::ScalarType type =
      has_input(node, 2) ? constant_input(graph, node, 2).scalar_type() : at::kByte;
  if (type != at::kChar && type != at::kByte)
    fail(Kind::unsupported, "{}: its zero points {} must be int8 or uint8", describe(node),
         in_quotes(node.inputs[2]));
  at::Tensor whole =
      at::round(values / spread(graph, node, 1, values)) + zero_points(graph, node, values, type);
  bool is_signed = type == at::kChar;
  graph.constants[node.outputs.at(0)] =
      at::nan_to_num(whole).clamp(is_signed ? -128 : 0, is_signed ? 127 : 255).to(type);
}

}  // namespace

QuantiseArguments quantise_arguments(const Graph& graph, const Node& node) {
  const at::Tensor& scale = scales_of(graph, node);
  if (scale.numel() != 1)
    fail(Kind::unsupported,
         "{}: {} scales {}; values have one for all numbers, only weights have one a channel",
         describe(node), scale.numel(), in_quotes(node.inputs[1]));
  QuantiseArguments arguments{
      .scale = *scale.const_data_ptr<float>(), .zero_point = 0, .is_signed = false};
  if (!has_input(node, 2)) return arguments;
  const at::Tensor& zero = constant_input(graph, node, 2);
  arguments.is_signed = zero.scalar_type() == at::kChar;
  if (zero.numel() != 1 || (!arguments.is_signed && zero.scalar_type() != at::kByte))
    fail(Kind::format, "{}: its zero point {} must be one int8 or uint8 number", describe(node),
         in_quotes(node.inputs[2]));
  arguments.zero_point = zero.item<int64_t>();
  return arguments;
}

void check_quantised_values(const Graph& graph) {
  std::map<std::string, bool> quantised;  // by name: whether it is signed
  for (const Node& node : graph.nodes) {
    for (const std::string& input : node.inputs)
      if (quantised.count(input) && !dequantises(node))
        fail(
            Kind::unsupported,
            "{} reads the quantised numbers {}; only DequantizeLinear may, operators stand between "
            "it and QuantizeLinear",
            describe(node), in_quotes(input));
    if (!quantises(node) && !dequantises(node)) continue;
    QuantiseArguments arguments = quantise_arguments(graph, node);
    if (quantises(node)) {
      quantised[node.outputs[0]] = arguments.is_signed;
      continue;
    }
    auto source = quantised.find(node.inputs[0]);
    if (source == quantised.end())
      fail(Kind::unsupported, "{} reads {}, which no QuantizeLinear makes", describe(node),
           in_quotes(node.inputs[0]));
    if (has_input(node, 2) && source->second != arguments.is_signed)
      fail(Kind::format, "{}: its zero point is of another type than its input {}", describe(node),
           in_quotes(node.inputs[0]));
  }
  for (const Port& output : graph.outputs)
    if (quantised.count(output.name))
      fail(Kind::unsupported, "the graph's output {} is quantised; end it with DequantizeLinear",
           in_quotes(output.name));
}

void fold_stored_weights(Graph& graph) {
  std::vector<Node> kept;
  for (Node& node : graph.nodes) {
    bool of_constant = (quantises(node) || dequantises(node)) && has_input(node, 0) &&
                       graph.constants.count(node.inputs[0]);
    if (!of_constant) {
      kept.push_back(std::move(node));
      continue;
    }
    quantises(node) ? quantise_constant(graph, node) : dequantise_constant(graph, node);
  }
  bool folded = kept.size() < graph.nodes.size();
  graph.nodes = std::move(kept);
  if (!folded) return;
  std::map<std::string, int64_t> uses = count_uses(graph);
  std::erase_if(graph.constants, [&](const auto& item) { return !uses.count(item.first); });
  std::erase_if(graph.steps, [&](const auto& item) { return !uses.count(item.first); });
}

Graph with_stored_weights(const Graph& graph) {
  Graph stored = graph;
  stored.steps.clear();
  std::vector<Node> nodes;
  for (const auto& [name, steps] : graph.steps) {
    const at::Tensor& values = graph.constants.at(name);
    std::vector<int64_t> shape(static_cast<size_t>(values.dim()), 1);
    bool by_channel = steps.scale.numel() > 1;
    if (by_channel) shape[static_cast<size_t>(steps.axis)] = -1;
    at::Tensor whole =
        at::round(values.to(at::kDouble) / steps.scale.to(at::kDouble).reshape(shape));
    at::ScalarType type = steps.wide ? at::kInt : at::kChar;
    at::Tensor scale = by_channel ? steps.scale : steps.scale.reshape({});
    std::vector<std::string> inputs;
    auto enter = [&](const std::string& what, const at::Tensor& constant) {
      inputs.push_back(free_name(stored, name + what));
      stored.constants[inputs.back()] = constant;
    };
    stored.constants.erase(name);
    enter(".quantised", whole.to(type));
    enter(".scale", scale);
    enter(".zero", at::zeros(scale.sizes(), type));
    nodes.push_back({.op = "DequantizeLinear",
                     .name = inputs[0],
                     .inputs = inputs,
                     .outputs = {name},
                     .attributes = {{"axis", by_channel ? steps.axis : int64_t{0}}}});
  }
  nodes.insert(nodes.end(), std::make_move_iterator(stored.nodes.begin()),
               std::make_move_iterator(stored.nodes.end()));
  stored.nodes = std::move(nodes);
  return stored;
}

}  // namespace espalier
