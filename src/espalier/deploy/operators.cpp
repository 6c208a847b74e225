#include "espalier/deploy/operators.h"

#include <algorithm>
#include <set>

#include <fmt/ranges.h>

#include "espalier/core/error.h"
#include "espalier/deploy/qdq.h"
#include "espalier/nn/pad_same.h"

namespace espalier {
namespace {

constexpr int64_t kLargest = int64_t{1} << 31;  // of any attribute that moves or sizes something

// One letter an input: d data (a value or float constant), f float constant, i int64 constant, z zero
// point (int8 or uint8 constant), q quantised numbers (see check_quantised_values), * not looked at;
// "+" after the last: any number more. Attributes: name and i integer, f number, s text, I
// integers.
struct OperatorRule {
  std::string_view name;
  std::string_view inputs;
  size_t least;
  std::vector<std::pair<std::string_view, char>> attributes = {};
};

const std::vector<OperatorRule>& rules() {
  using Attributes = std::vector<std::pair<std::string_view, char>>;
  static const Attributes conv = {{"auto_pad", 's'},     {"dilations", 'I'}, {"group", 'i'},
                                  {"kernel_shape", 'I'}, {"pads", 'I'},      {"strides", 'I'}};
  static const Attributes transposed = {
      {"auto_pad", 's'}, {"dilations", 'I'}, {"group", 'i'},          {"kernel_shape", 'I'},
      {"pads", 'I'},     {"strides", 'I'},   {"output_padding", 'I'}, {"output_shape", 'I'}};
  static const Attributes pool = {
      {"auto_pad", 's'},     {"ceil_mode", 'i'}, {"count_include_pad", 'i'}, {"dilations", 'I'},
      {"kernel_shape", 'I'}, {"pads", 'I'},      {"storage_order", 'i'},     {"strides", 'I'}};
  static const Attributes resize = {{"antialias", 'i'},
                                    {"coordinate_transformation_mode", 's'},
                                    {"cubic_coeff_a", 'f'},
                                    {"exclude_outside", 'i'},
                                    {"extrapolation_value", 'f'},
                                    {"keep_aspect_ratio_policy", 's'},
                                    {"mode", 's'},
                                    {"nearest_mode", 's'}};
  static const std::vector<OperatorRule> table = {
      {"Add", "dd", 2},
      {"AveragePool", "d", 1, pool},
      {"BatchNormalization",
       "dffff",
       5,
       {{"epsilon", 'f'}, {"momentum", 'f'}, {"training_mode", 'i'}}},
      {"Clip", "dff", 1},
      {"Concat", "d+", 1, {{"axis", 'i'}}},
      {"Conv", "dff", 2, conv},
      {"ConvTranspose", "dff", 2, transposed},
      {"DequantizeLinear", "qfz", 2, {{"axis", 'i'}}},
      {"Div", "dd", 2},
      {"Dropout", "d**", 1, {{"seed", 'i'}}},
      {"Erf", "d", 1},
      {"Flatten", "d", 1, {{"axis", 'i'}}},
      {"Gather", "di", 2, {{"axis", 'i'}}},
      {"Gemm", "dff", 2, {{"alpha", 'f'}, {"beta", 'f'}, {"transA", 'i'}, {"transB", 'i'}}},
      {"GlobalAveragePool", "d", 1},
      {"HardSigmoid", "d", 1, {{"alpha", 'f'}, {"beta", 'f'}}},
      {"HardSwish", "d", 1},
      {"Identity", "d", 1},
      {"LayerNormalization", "dff", 2, {{"axis", 'i'}, {"epsilon", 'f'}, {"stash_type", 'i'}}},
      {"LeakyRelu", "d", 1, {{"alpha", 'f'}}},
      {"LogSoftmax", "d", 1, {{"axis", 'i'}}},
      {"MatMul", "dd", 2},
      {"MaxPool", "d", 1, pool},
      {"Mul", "dd", 2},
      {"Pad", "dif", 2, {{"mode", 's'}}},
      {"QuantizeLinear", "dfz", 2, {{"axis", 'i'}, {"saturate", 'i'}}},
      {"ReduceMean", "di", 1, {{"axes", 'I'}, {"keepdims", 'i'}, {"noop_with_empty_axes", 'i'}}},
      {"Relu", "d", 1},
      {"Reshape", "di", 2, {{"allowzero", 'i'}}},
      {"Resize", "d*fi", 3, resize},
      {"Sigmoid", "d", 1},
      {"Slice", "diiii", 3},
      {"Softmax", "d", 1, {{"axis", 'i'}}},
      {"Sub", "dd", 2},
      {"Tanh", "d", 1},
      {"Transpose", "d", 1, {{"perm", 'I'}}},
  };
  return table;
}

void check_input(const Graph& graph, const Node& node, size_t position, const OperatorRule& rule) {
  char letter = rule.inputs[std::min(position, rule.inputs.find('+') - 1)];
  const std::string& name = node.inputs[position];
  if (letter == '*') return;
  if (name.empty()) {
    if (letter == 'd' || letter == 'q' || position < rule.least)
      if (!(rule.name == "Resize" && position == 2))
        fail(Kind::format, "{} lacks its input {}", describe(node), position);
    return;
  }
  auto constant = graph.constants.find(name);
  if (constant == graph.constants.end()) {
    if (letter == 'd' || letter == 'q') return;
    fail(Kind::unsupported, "{} computes its input {} ({}); only constants are handled there",
         describe(node), position, in_quotes(name));
  }
  if (letter == 'z' || letter == 'q') return;  // quantise_arguments and check_quantised_values look
  bool wants_integers = letter == 'i';
  if (constant->second.scalar_type() != (wants_integers ? at::kLong : at::kFloat))
    fail(Kind::format, "{}: its input {} ({}) must be {}", describe(node), position,
         in_quotes(name), wants_integers ? "int64" : "float32");
}

void check_attributes(const Node& node, const OperatorRule& rule) {
  for (const auto& [name, value] : node.attributes) {
    auto known = std::find_if(rule.attributes.begin(), rule.attributes.end(),
                              [&, key = name](const auto& row) { return row.first == key; });
    if (known == rule.attributes.end())
      fail(Kind::unsupported, "{} has the attribute {}, which is not handled", describe(node),
           in_quotes(name));
    static constexpr std::string_view letters = "ifsI";  // in the order of Attribute
    if (letters[value.index()] != known->second)
      fail(Kind::format, "{}: the attribute {} has the wrong type", describe(node),
           in_quotes(name));
  }
}

void check_node(const Graph& graph, const Node& node) {
  auto rule = std::find_if(rules().begin(), rules().end(),
                           [&](const auto& row) { return row.name == node.op; });
  if (rule == rules().end())
    fail(Kind::unsupported, "{}: the operator {} is not among those handled here ({})",
         describe(node), in_quotes(node.op), fmt::join(operator_names(), ", "));
  bool more = rule->inputs.back() == '+';
  if (node.inputs.size() < rule->least || (!more && node.inputs.size() > rule->inputs.size()))
    fail(Kind::format, "{} has {} inputs, the operator takes {} to {}", describe(node),
         node.inputs.size(), rule->least,
         more ? std::string("any number") : fmt::format("{}", rule->inputs.size()));
  for (size_t i = 1; i < node.outputs.size(); ++i)
    if (!node.outputs[i].empty())
      fail(Kind::unsupported, "{} has {} outputs, only the first is handled", describe(node),
           node.outputs.size());
  for (size_t i = 0; i < node.inputs.size(); ++i) check_input(graph, node, i, *rule);
  check_attributes(node, *rule);
}

std::vector<int64_t> integers_attribute(const Node& node,
                                        const std::string& name,
                                        std::vector<int64_t> absent) {
  auto found = node.attributes.find(name);
  return found == node.attributes.end() ? absent : std::get<std::vector<int64_t>>(found->second);
}

template <size_t n>
std::array<int64_t, n> integers(const Node& node,
                                const std::string& name,
                                int64_t absent,
                                int64_t lowest) {
  std::vector<int64_t> values = integers_attribute(node, name, std::vector<int64_t>(n, absent));
  if (values.size() != n)
    fail(Kind::unsupported,
         "{}: {} has {} numbers; only pictures with two spatial axes ({} numbers) are handled",
         describe(node), name, values.size(), n);
  std::array<int64_t, n> result;
  std::copy(values.begin(), values.end(), result.begin());
  for (int64_t value : result)
    if (value < lowest || value >= kLargest)
      fail(Kind::format, "{}: {} holds {}, outside {}..{}", describe(node), name, value, lowest,
           kLargest - 1);
  return result;
}

void want(const Node& node, const std::string& name, int64_t value, int64_t wanted) {
  if (value != wanted)
    fail(Kind::unsupported, "{}: {} = {} is not handled, only {}", describe(node), name, value,
         wanted);
}

void want(const Node& node,
          const std::string& name,
          const std::string& value,
          const std::string& wanted) {
  if (value != wanted)
    fail(Kind::unsupported, "{}: {} = {} is not handled, only '{}'", describe(node), name,
         in_quotes(value), wanted);
}

std::array<int64_t, 4> pads(const Node& node) {
  if (std::string mode = text_attribute(node, "auto_pad", "NOTSET"); mode != "VALID")
    want(node, "auto_pad", mode, "NOTSET");
  return integers<4>(node, "pads", 0, 0);
}

}  // namespace

void check_operators(const Graph& graph) {
  for (const Node& node : graph.nodes) check_node(graph, node);
  check_quantised_values(graph);
}

std::vector<std::string> operator_names() {
  std::vector<std::string> names;
  for (const OperatorRule& rule : rules()) names.emplace_back(rule.name);
  return names;
}

int64_t integer_attribute(const Node& node, const std::string& name, int64_t absent) {
  auto found = node.attributes.find(name);
  return found == node.attributes.end() ? absent : std::get<int64_t>(found->second);
}

double number_attribute(const Node& node, const std::string& name, double absent) {
  auto found = node.attributes.find(name);
  return found == node.attributes.end() ? absent : std::get<double>(found->second);
}

std::string text_attribute(const Node& node, const std::string& name, const std::string& absent) {
  auto found = node.attributes.find(name);
  return found == node.attributes.end() ? absent : std::get<std::string>(found->second);
}

int64_t normal_axis(const Node& node, int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank)
    fail(Kind::format, "{}: axis {} of a value with {} axes", describe(node), axis, rank);
  return axis < 0 ? axis + rank : axis;
}

std::optional<std::vector<int64_t>> constant_integers(const Graph& graph,
                                                      const Node& node,
                                                      size_t input) {
  if (input >= node.inputs.size() || node.inputs[input].empty()) return std::nullopt;
  const at::Tensor& values = graph.constants.at(node.inputs[input]);
  constexpr int64_t kMost = 64;  // axes: a list longer than that is not an argument
  if (values.dim() > 1 || values.numel() > kMost)
    fail(Kind::format, "{}: its input {} must be a short list", describe(node),
         in_quotes(node.inputs[input]));
  const int64_t* data = values.const_data_ptr<int64_t>();
  return std::vector<int64_t>(data, data + values.numel());
}

std::optional<double> constant_number(const Graph& graph, const Node& node, size_t input) {
  if (input >= node.inputs.size() || node.inputs[input].empty()) return std::nullopt;
  const at::Tensor& value = graph.constants.at(node.inputs[input]);
  if (value.numel() != 1)
    fail(Kind::format, "{}: its input {} must be one number", describe(node),
         in_quotes(node.inputs[input]));
  return *value.const_data_ptr<float>();
}

ConvArguments conv_arguments(const Graph& graph, const Node& node) {
  const at::Tensor& weight = graph.constants.at(node.inputs[1]);
  if (weight.dim() != 4)
    fail(Kind::unsupported,
         "{}: its weight has {} axes; only two-dimensional convolutions (4) are handled",
         describe(node), weight.dim());
  bool same = node.op == "Conv" && text_attribute(node, "auto_pad", "NOTSET") == "SAME_UPPER";
  ConvArguments conv{.strides = integers<2>(node, "strides", 1, 1),
                     .dilations = integers<2>(node, "dilations", 1, 1),
                     .output_padding = integers<2>(node, "output_padding", 0, 0),
                     .pads = same ? std::array<int64_t, 4>{} : pads(node),
                     .groups = integer_attribute(node, "group", 1),
                     .transposed = node.op == "ConvTranspose",
                     .same = same,
                     .extent = {}};
  for (size_t i = 0; i < 2; ++i)
    conv.extent[i] = conv.dilations[i] * (weight.size(2 + static_cast<int64_t>(i)) - 1) + 1;
  if (node.attributes.count("output_shape"))
    fail(Kind::unsupported, "{}: output_shape is not handled, only pads and output_padding",
         describe(node));
  Pair kernel = integers<2>(node, "kernel_shape", 1, 1);
  if (node.attributes.count("kernel_shape") &&
      (kernel[0] != weight.size(2) || kernel[1] != weight.size(3)))
    fail(Kind::format, "{}: kernel_shape {}x{} but the weight is {}x{}", describe(node), kernel[0],
         kernel[1], weight.size(2), weight.size(3));
  if (weight.numel() == 0) fail(Kind::format, "{}: its weight is empty", describe(node));
  if (conv.groups < 1 || weight.size(0) % conv.groups != 0)
    fail(Kind::format, "{}: {} channels do not divide into {} groups", describe(node),
         weight.size(0), conv.groups);
  for (size_t i = 0; i < 2; ++i)  // LibTorch demands it, and so does sense
    if (conv.transposed && conv.output_padding[i] >= std::max(conv.strides[i], conv.dilations[i]))
      fail(Kind::format, "{}: output_padding {} is not below stride {} or dilation {}",
           describe(node), conv.output_padding[i], conv.strides[i], conv.dilations[i]);
  return conv;
}

std::array<int64_t, 4> ConvArguments::pads_for(int64_t height, int64_t width) const {
  if (!same) return pads;
  auto [top, bottom] = same_padding(height, extent[0], strides[0]);
  auto [left, right] = same_padding(width, extent[1], strides[1]);
  return {top, left, bottom, right};
}

PoolArguments pool_arguments(const Node& node) {
  if (!node.attributes.count("kernel_shape"))
    fail(Kind::format, "{} lacks kernel_shape", describe(node));
  PoolArguments pool{.kernel = integers<2>(node, "kernel_shape", 1, 1),
                     .strides = integers<2>(node, "strides", 1, 1),
                     .dilations = integers<2>(node, "dilations", 1, 1),
                     .pads = pads(node),
                     .ceil_mode = integer_attribute(node, "ceil_mode", 0) != 0,
                     .count_include_pad = integer_attribute(node, "count_include_pad", 0) != 0};
  want(node, "storage_order", integer_attribute(node, "storage_order", 0), 0);
  if (node.op == "AveragePool") {
    want(node, "ceil_mode", integer_attribute(node, "ceil_mode", 0), 0);
    for (int64_t dilation : pool.dilations) want(node, "dilations", dilation, 1);
  }
  for (size_t i = 0; i < 2; ++i) {
    if (pool.pads[i] != pool.pads[i + 2])
      fail(Kind::unsupported, "{}: pads differ between the two sides ({} and {})", describe(node),
           pool.pads[i], pool.pads[i + 2]);
    if (pool.pads[i] > pool.kernel[i] / 2)
      fail(Kind::unsupported, "{}: pads of {} exceed half the kernel of {}", describe(node),
           pool.pads[i], pool.kernel[i]);
  }
  return pool;
}

GatherArguments gather_arguments(const Graph& graph, const Node& node, const Shape& input) {
  int64_t rank = static_cast<int64_t>(input.size());
  GatherArguments gather{.axis = normal_axis(node, integer_attribute(node, "axis", 0), rank),
                         .indices = graph.constants.at(node.inputs[1])};
  if (gather.indices.dim() > 1 || gather.indices.numel() == 0)
    fail(Kind::unsupported, "{}: its indices must be one number or one list", describe(node));
  const int64_t* first = gather.indices.const_data_ptr<int64_t>();
  int64_t size = input[static_cast<size_t>(gather.axis)];
  for (int64_t i = 0; i < gather.indices.numel(); ++i)
    if (first[i] < -size || first[i] >= size)
      fail(Kind::format, "{}: index {} outside 0..{}", describe(node), first[i], size - 1);
  gather.indices = gather.indices.remainder(size);  // those below 0 count from the end
  return gather;
}

SliceArguments slice_arguments(const Graph& graph, const Node& node, int64_t rank) {
  SliceArguments slice;
  slice.starts = *constant_integers(graph, node, 1);
  slice.ends = *constant_integers(graph, node, 2);
  std::vector<int64_t> all(slice.starts.size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int64_t>(i);
  slice.axes = constant_integers(graph, node, 3).value_or(all);
  slice.steps = constant_integers(graph, node, 4).value_or(std::vector<int64_t>(all.size(), 1));
  if (slice.ends.size() != all.size() || slice.axes.size() != all.size() ||
      slice.steps.size() != all.size())
    fail(Kind::format, "{}: starts, ends, axes and steps differ in length", describe(node));
  std::set<int64_t> seen;
  for (int64_t& axis : slice.axes)
    if (axis = normal_axis(node, axis, rank); !seen.insert(axis).second)
      fail(Kind::format, "{}: axis {} is sliced twice", describe(node), axis);
  for (int64_t step : slice.steps)
    if (step < 1)
      fail(Kind::unsupported, "{}: step {}; only forward slices are handled", describe(node), step);
  return slice;
}

PadArguments pad_arguments(const Graph& graph, const Node& node, int64_t rank) {
  want(node, "mode", text_attribute(node, "mode", "constant"), "constant");
  std::vector<int64_t> values = *constant_integers(graph, node, 1);
  if (static_cast<int64_t>(values.size()) != 2 * rank)
    fail(Kind::format, "{}: {} pads for a value with {} axes", describe(node), values.size(), rank);
  for (int64_t value : values)
    if (value < 0 || value >= kLargest)
      fail(Kind::unsupported, "{}: a pad of {}; 0..{} are handled", describe(node), value,
           kLargest - 1);
  return {.before = {values.begin(), values.begin() + rank},
          .after = {values.begin() + rank, values.end()},
          .value = constant_number(graph, node, 2).value_or(0)};
}

ResizeArguments resize_arguments(const Graph& graph, const Node& node) {
  std::string mode = text_attribute(node, "mode", "nearest");
  std::string coordinates = text_attribute(node, "coordinate_transformation_mode", "half_pixel");
  want(node, "antialias", integer_attribute(node, "antialias", 0), 0);
  want(node, "exclude_outside", integer_attribute(node, "exclude_outside", 0), 0);
  want(node, "keep_aspect_ratio_policy",
       text_attribute(node, "keep_aspect_ratio_policy", "stretch"), "stretch");
  ResizeArguments resize;
  resize.linear = mode == "linear";
  resize.align_corners = coordinates == "align_corners";
  if (!resize.linear) {
    want(node, "mode", mode, "nearest");
    want(node, "coordinate_transformation_mode", coordinates, "asymmetric");
    want(node, "nearest_mode", text_attribute(node, "nearest_mode", "round_prefer_floor"), "floor");
  } else if (!resize.align_corners && coordinates != "pytorch_half_pixel") {
    want(node, "coordinate_transformation_mode", coordinates, "half_pixel");
  }
  if (std::optional<std::vector<int64_t>> sizes = constant_integers(graph, node, 3)) {
    if (sizes->size() != 4)
      fail(Kind::unsupported, "{}: {} sizes instead of 4", describe(node), sizes->size());
    resize.sizes = {(*sizes)[2], (*sizes)[3]};
    for (int64_t size : *resize.sizes)
      if (size < 1 || size >= kLargest)
        fail(Kind::format, "{}: an output of {} pixels", describe(node), size);
    return resize;
  }
  if (node.inputs[2].empty()) fail(Kind::format, "{} has neither scales nor sizes", describe(node));
  const at::Tensor& scales = graph.constants.at(node.inputs[2]);
  if (scales.numel() != 4)
    fail(Kind::unsupported, "{}: {} scales instead of 4", describe(node), scales.numel());
  const float* values = scales.const_data_ptr<float>();
  if (values[0] != 1 || values[1] != 1)
    fail(Kind::unsupported, "{}: only height and width can be resized", describe(node));
  resize.scales = {values[2], values[3]};
  for (double scale : resize.scales)
    if (!(scale > 0 && scale < 65536))
      fail(Kind::format, "{}: a scale of {}", describe(node), scale);
  return resize;
}

ReduceArguments reduce_arguments(const Graph& graph, const Node& node, int64_t rank) {
  ReduceArguments reduce{.axes = integers_attribute(node, "axes", {}),
                         .keep = integer_attribute(node, "keepdims", 1) != 0};
  if (auto axes = constant_integers(graph, node, 1)) reduce.axes = *axes;
  want(node, "noop_with_empty_axes", integer_attribute(node, "noop_with_empty_axes", 0), 0);
  if (reduce.axes.empty())
    for (int64_t axis = 0; axis < rank; ++axis) reduce.axes.push_back(axis);
  for (int64_t& axis : reduce.axes) axis = normal_axis(node, axis, rank);
  std::sort(reduce.axes.begin(), reduce.axes.end());
  if (std::adjacent_find(reduce.axes.begin(), reduce.axes.end()) != reduce.axes.end())
    fail(Kind::format, "{}: an axis is named twice", describe(node));
  return reduce;
}

}  // namespace espalier
