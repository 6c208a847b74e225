#include "espalier/deploy/quantise.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "espalier/core/error.h"
#include "espalier/core/names.h"
#include "espalier/deploy/fuse.h"
#include "espalier/deploy/operators.h"
#include "espalier/deploy/shapes.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

// What a node is to quantisation.
enum class Role {
  layer,      // multiplies with weights, in int8
  carrier,    // moves numbers about without changing them: same scale before and behind
  reckoner,   // computes in int8 where its inputs are: sums, means
  rectifier,  // cuts off what is negative: computed with the layer before it
  other       // float
};

const std::set<std::string> kCarriers = {"MaxPool", "Flatten",   "Reshape", "Identity", "Dropout",
                                         "Gather",  "Transpose", "Slice",   "Concat"};
const std::set<std::string> kReckoners = {"Add", "AveragePool", "GlobalAveragePool", "ReduceMean"};
constexpr float kHighest = 255, kHalf = 127, kMiddle = 128;

class Quantiser {
 public:
  Quantiser(Graph& graph, const Ranges& ranges, const QuantiseConfig& config)
      : graph_(graph), ranges_(ranges), config_(config), readers_(graph) {}

  QuantiseReport run() {
    assign_roles();
    look_back();
    look_forward();
    make_scales();
    for (size_t i = 0; i < graph_.nodes.size(); ++i)
      if (in_int8_[i] && roles_[i] == Role::layer) quantise_weights(graph_.nodes[i]);
    insert_steps();
    drop_unread(graph_);
    return std::move(report_);
  }

 private:
  bool is_constant(const std::string& name) const { return graph_.constants.count(name) > 0; }
  bool is_output(const std::string& name) const { return graph_.outputs[0].name == name; }

  void keep(const Node& node, const std::string& why) {
    report_.in_float.emplace_back(node.name.empty() ? node.outputs[0] : node.name, why);
  }

  void assign_roles() {
    Shape input = graph_.inputs.at(0).shape;
    if (input.empty()) fail(Kind::unsupported, "the graph does not say what its images are like");
    input[0] = 1;
    shapes_ = infer_shapes(graph_, input);
    std::set<std::string> wished(config_.keep_float.begin(), config_.keep_float.end());
    std::vector<std::string> names;
    for (const Node& node : graph_.nodes) {
      names.push_back(node.name);
      bool stays = wished.erase(node.name) > 0;
      if (stays) keep(node, "as wished");
      roles_.push_back(stays ? Role::other : role_of(node));
    }
    if (!wished.empty())
      fail(Kind::usage, "keep_float: {}", unknown_name("layer", *wished.begin(), names));
    in_int8_.assign(graph_.nodes.size(), false);
  }

  Role role_of(const Node& node) {
    if (is_constant(node.inputs[0])) return Role::other;
    const Shape& in = shapes_.at(node.inputs[0]);
    if (node.op == "Conv") {
      if (in[2] > 1 || in[3] > 1) return Role::layer;
      keep(node, "its pictures have one pixel");
      return Role::other;
    }
    if (node.op == "Gemm" && is_constant(node.inputs[1])) return Role::layer;
    bool carries = kCarriers.count(node.op) ||
                   (node.op == "Pad" && constant_number(graph_, node, 2).value_or(0) == 0);
    if (carries) return Role::carrier;
    if (node.op == "Add" &&
        (is_constant(node.inputs[1]) || shapes_.at(node.inputs[1]) != shapes_.at(node.inputs[0]))) {
      keep(node, "Add of unlike terms");
      return Role::other;
    }
    if (kReckoners.count(node.op)) return Role::reckoner;
    auto activation = activation_of(graph_, node);
    if (activation && (activation->kind == Activation::Kind::relu ||
                       (activation->kind == Activation::Kind::clip && activation->alpha == 0)))
      return Role::rectifier;
    keep(node, node.op + " (no int8 kernel)");
    return Role::other;
  }

  // Which values an int8 layer reads in the end.
  void look_back() {
    for (size_t i = graph_.nodes.size(); i-- > 0;) {
      const Node& node = graph_.nodes[i];
      if (roles_[i] == Role::layer) wanted_.insert(node.inputs[0]);
      if (roles_[i] == Role::layer || roles_[i] == Role::other || !wanted_.count(node.outputs[0]))
        continue;
      for (const std::string& input : node.inputs)
        if (!is_constant(input)) wanted_.insert(input);
    }
  }

  // The value behind the rectifier that is computed with a node, or the node's own.
  std::string point_behind(const std::string& value) const {
    const Node* reader = readers_.only(value);
    if (!reader) return value;
    size_t i = static_cast<size_t>(reader - graph_.nodes.data());
    return roles_[i] == Role::rectifier ? reader->outputs[0] : value;
  }

  void look_forward() {
    for (size_t i = 0; i < graph_.nodes.size(); ++i)
      if (roles_[i] == Role::layer) quantised_.insert(graph_.nodes[i].inputs[0]);
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      const Node& node = graph_.nodes[i];
      const std::string& out = node.outputs[0];
      std::string point = point_behind(out);
      if (roles_[i] == Role::layer) {
        in_int8_[i] = true;
        ++report_.layers;
        // A convolution without rounding behind it is none in int8 to ONNX Runtime.
        if ((node.op == "Conv" && !is_output(point)) || wanted_.count(point))
          quantised_.insert(point);
        continue;
      }
      if (roles_[i] != Role::carrier && roles_[i] != Role::reckoner) continue;
      bool ready =
          std::all_of(node.inputs.begin(), node.inputs.end(), [&](const std::string& input) {
            return input.empty() || is_constant(input) || quantised_.count(input);
          });
      if (!ready || !wanted_.count(out) || is_output(point)) {
        if (roles_[i] == Role::reckoner) keep(node, node.op + " between float values");
        continue;
      }
      in_int8_[i] = true;
      if (roles_[i] == Role::reckoner) {
        quantised_.insert(point);
        continue;
      }
      quantised_.insert(out);
      for (const std::string& input : node.inputs)
        if (!input.empty() && !is_constant(input)) tie(input, out);
    }
  }

  // Values that share a scale.
  std::string leader(const std::string& value) const {
    auto tied = tied_.find(value);
    return tied == tied_.end() ? value : leader(tied->second);
  }
  void tie(const std::string& a, const std::string& b) {
    std::string first = leader(a), second = leader(b);
    if (first != second) tied_[second] = first;
  }

  void make_scales() {
    for (const std::string& value : quantised_) {
      const Range& range = ranges_.at(value);
      Range& all = joint_[leader(value)];
      all.low = std::min(all.low, range.low);
      all.high = std::max(all.high, range.high);
    }
  }

  bool is_signed(const std::string& value) const { return joint_.at(leader(value)).low < 0; }

  float scale_of(const std::string& value) const {
    Range range = joint_.at(leader(value));
    float scale =
        is_signed(value) ? std::max(-range.low, range.high) / kHalf : range.high / kHighest;
    // Values that are always 0 need some scale.
    return std::max(scale, std::numeric_limits<float>::min() * 0x1p20f);
  }

  // A constant of this node alone, under a name of its own where others read it too.
  std::string own_constant(const std::string& name, const at::Tensor& value) {
    std::string own = readers_.count(name) > 1 ? free_name(graph_, name) : name;
    graph_.constants[own] = value;
    return own;
  }

  void quantise_weights(Node& node) {
    int64_t axis = node.op == "Gemm" && integer_attribute(node, "transB", 0) == 0 ? 1 : 0;
    at::Tensor weight = graph_.constants.at(node.inputs[1]).to(at::kFloat);
    at::Tensor channels = weight.transpose(0, axis).reshape({weight.size(axis), -1});
    at::Tensor scale = channels.abs().amax(1) / kHalf;
    const float input_scale = scale_of(node.inputs[0]);
    bool has_bias = node.inputs.size() > 2 && !node.inputs[2].empty();
    at::Tensor bias = has_bias ? graph_.constants.at(node.inputs[2]) : at::Tensor();
    // A channel whose weights are all next to nothing must not need a bias beyond int32, nor one that
    // float32 cannot hold to the step.
    at::Tensor least = has_bias ? bias.abs() / (input_scale * 0x1p22f) : at::zeros_like(scale);
    scale = at::maximum(scale, least.clamp_min(std::numeric_limits<float>::min() * 0x1p20f));
    std::vector<int64_t> shape(static_cast<size_t>(weight.dim()), 1);
    shape[static_cast<size_t>(axis)] = -1;
    at::Tensor steps = scale.reshape(shape);
    node.inputs[1] = own_constant(node.inputs[1], at::round(weight / steps) * steps);
    graph_.steps[node.inputs[1]] = {.scale = scale, .axis = axis, .wide = false};
    if (!has_bias) return;
    at::Tensor bias_scale = scale * input_scale;
    node.inputs[2] = own_constant(
        node.inputs[2],
        (at::round(bias.to(at::kDouble) / bias_scale.to(at::kDouble)) * bias_scale).to(at::kFloat));
    graph_.steps[node.inputs[2]] = {.scale = bias_scale, .axis = 0, .wide = true};
  }

  // QuantizeLinear and DequantizeLinear behind each quantised value, for all who read it.
  void insert_steps() {
    std::map<std::string, std::string> renamed;
    std::vector<Node> nodes;
    auto follow = [&](const std::string& value) {
      if (!quantised_.count(value)) return;
      std::string scale = free_name(graph_, value + ".scale"),
                  zero = free_name(graph_, value + ".zero");
      graph_.constants[scale] = at::full({}, scale_of(value), at::kFloat);
      graph_.constants[zero] = at::full({}, is_signed(value) ? kMiddle : 0.f, at::kByte);
      std::string whole = free_name(graph_, value + ".quantised"),
                  back = free_name(graph_, value + ".rounded");
      nodes.push_back({"QuantizeLinear", whole, {value, scale, zero}, {whole}, {}});
      nodes.push_back({"DequantizeLinear", back, {whole, scale, zero}, {back}, {}});
      renamed[value] = back;
    };
    follow(graph_.inputs[0].name);
    for (Node& node : graph_.nodes) {
      for (std::string& input : node.inputs)
        if (auto name = renamed.find(input); name != renamed.end()) input = name->second;
      nodes.push_back(node);
      follow(nodes.back().outputs[0]);
    }
    graph_.nodes = std::move(nodes);
  }

  Graph& graph_;
  const Ranges& ranges_;
  const QuantiseConfig& config_;
  Readers readers_;
  std::map<std::string, Shape> shapes_;
  std::vector<Role> roles_;    // by node
  std::vector<bool> in_int8_;  // by node
  std::set<std::string> wanted_, quantised_;
  std::map<std::string, std::string> tied_;  // to another value of the same scale
  std::map<std::string, Range> joint_;       // by leader
  QuantiseReport report_;
};

}  // namespace

Fields fields(QuantiseConfig& config) {
  return {field("calibrate", config.calibrate,
                "training pictures on which the ranges of values are measured for int8")
              .between(1, 1e9),
          field("percentile", config.percentile,
                "so many percent of a value's numbers lie within its range, the others are clipped")
              .between(90, 100),
          field("keep_float", config.keep_float, "layers that stay in float, by name")};
}

QuantiseReport quantise(Graph& graph, const Ranges& ranges, const QuantiseConfig& config) {
  return Quantiser(graph, ranges, config).run();
}

std::string to_text(const QuantiseReport& report) {
  constexpr size_t kNamed = 4;
  std::map<std::string, std::vector<std::string>> by_reason;
  for (const auto& [node, why] : report.in_float) by_reason[why].push_back(node);
  std::string text;
  for (const auto& [why, nodes] : by_reason) {
    text += fmt::format("in float: {}:", why);
    for (size_t i = 0; i < std::min(nodes.size(), kNamed); ++i) text += (i ? ", " : " ") + nodes[i];
    if (nodes.size() > kNamed) text += fmt::format(" and {} more", nodes.size() - kNamed);
    text += "\n";
  }
  return text;
}

}  // namespace espalier
