// What build_layout works with: the values laid out so far and the steps that make them.
#pragma once

#include <set>

#include "espalier/deploy/fuse.h"
#include "espalier/deploy/onednn/plan.h"
#include "espalier/deploy/operators.h"

namespace espalier::onednn {

// oneDNN's plain C++ versions, which check and teach, are far slower than LibTorch's kernels.
template <class Description>
bool is_fast(const Description& description) {
  return description &&
         std::string_view(description.impl_info_str()).find("ref") == std::string_view::npos;
}

// The scratchpad comes from the plan's block of memory.
dnnl::primitive_attr attributes_with(const dnnl::post_ops& ops = {});

// Of whole numbers of eight bits, each worth a step.
inline bool is_whole(const dnnl::memory::desc& desc) {
  return desc.get_data_type() == dnnl::memory::data_type::s8 ||
         desc.get_data_type() == dnnl::memory::data_type::u8;
}

// What follows with a layer, for its attributes.
void append(dnnl::post_ops& ops, const Activation& activation);
bool has_bias(const Node& node);
dnnl::memory::desc bias_desc(const Node& node, const dnnl::memory::dims& dims);
inline dnnl::memory::desc any(const dnnl::memory::dims& dims, dnnl::memory::data_type type) {
  return dnnl::memory::desc(dims, type, dnnl::memory::format_tag::any);
}
// One number that a primitive reads when it runs.
dnnl::memory number(float value);

class Builder {
 public:
  using Type = dnnl::memory::data_type;

  Builder(Graph& graph,
          const std::map<std::string, Shape>& shapes,
          Weights& weights,
          Precision precision,
          Arrangement arrangement)
      : graph_(graph),
        shapes_(shapes),
        weights_(weights),
        readers_(graph),
        arrangement_(arrangement),
        type_(precision == Precision::bf16 ? Type::bf16 : Type::f32) {}

  Layout build(bool channels_last);

 private:
  struct Value {
    Place place;
    int64_t readers_left;
    std::vector<Place> copies = {};  // the same in other layouts
  };

  // Buffers and values.
  size_t new_buffer(size_t bytes);
  void touch(const Place& place);
  void define(const std::string& name, const Place& place);
  void note_read(const std::string& name);
  const Shape& shape(const std::string& name) const { return shapes_.at(name); }
  bool is_constant(const std::string& name) const { return graph_.constants.count(name) > 0; }
  bool is_output(const std::string& name) const { return graph_.outputs[0].name == name; }
  dnnl::memory::desc map_of(const Shape& shape, Type type) const;
  Type type_of_result(const std::string& name) const { return is_output(name) ? Type::f32 : type_; }
  Place as(const std::string& name, const dnnl::memory::desc& wanted);
  Place as_dense(const std::string& name);
  bool may_overwrite(const std::string& name, const std::string& other) const;
  // The value in floating point: where it lies, or a copy.
  Place floats(const std::string& name);

  // Steps.
  template <class Description>
  void emit(const Description& description,
            const std::string& name,
            std::vector<std::pair<int, Place>> values,
            std::vector<std::pair<int, dnnl::memory>> constants = {});
  // The step of a primitive from one value to a new one, or false where oneDNN has no fast one.
  template <class Description>
  bool emit_unary(const Description& description, const Node& node, const Place& from, Place& to);
  // The step of a layer with a weight, which lies as `plain`, a bias if any, and an addend of its own
  // place if any.
  template <class Description>
  void emit_weighted(const Description& description,
                     const Node& node,
                     const dnnl::memory::desc& plain,
                     const Place& from,
                     const Place& to,
                     const std::optional<Place>& addend);
  // Between whole numbers and floats, it multiplies by their step.
  void emit_reorder(const Place& from, const Place& to, const std::string& name);
  void emit_node(const Node& node);
  bool emit_convolution(const Node& node);
  bool emit_linear(const Node& node);
  bool emit_pool(const Node& node);
  bool emit_mean(const Node& node);
  bool emit_binary(const Node& node);
  bool emit_activation(const Node& node);
  bool emit_concat(const Node& node);
  bool emit_view(const Node& node);
  void emit_kernel(const Node& node);

  // int8_steps.cpp. What a QuantizeLinear makes, where primitives can: type and step.
  struct Grid {
    Type type;
    float step;
  };
  std::optional<Grid> grid_of(const Node& quantise) const;
  // The rounding behind a node joins what is computed with it, where it can.
  std::optional<Grid> absorb_rounding(Fused& fused) const;
  bool has_whole_weights(const Node& node, int64_t axis) const;
  bool emit_quantise(const Node& node);
  bool emit_dequantise(const Node& node);
  bool emit_whole_convolution(const Node& node);
  bool emit_whole_linear(const Node& node);
  bool emit_whole_sum(const Node& node);
  template <class Description>
  void emit_whole_layer(const Description& description,
                        const Node& node,
                        const dnnl::memory::desc& plain,
                        const Place& from,
                        const Place& to,
                        const std::optional<Place>& term);

  // The node with what can be computed along; the addend must be ready by now.
  Fused fuse_ready(const Node& node) const;
  void finish(const Node& node, const Fused& fused, const Place& place);
  dnnl::primitive_attr attributes(const Fused& fused,
                                  const std::optional<Place>& addend,
                                  bool in_place) const;

  Graph& graph_;
  const std::map<std::string, Shape>& shapes_;
  Weights& weights_;
  Readers readers_;
  Arrangement arrangement_;
  Type type_;
  Layout layout_;
  std::vector<int> owners_;  // by buffer: how many values lie in it
  std::map<std::string, Value> values_;
  std::set<const Node*> done_;
};

template <class Description>
void Builder::emit(const Description& description,
                   const std::string& name,
                   std::vector<std::pair<int, Place>> values,
                   std::vector<std::pair<int, dnnl::memory>> constants) {
  for (const auto& [argument, place] : values) touch(place);
  auto step = std::make_unique<PrimitiveStep>();
  step->primitive = dnnl::primitive(description.get());
  step->values = std::move(values);
  step->constants = std::move(constants);
  step->scratchpad = description.scratchpad_desc().get_size();
  step->name = name + " " + description.impl_info_str();
  layout_.steps.push_back({.primitive = std::move(step), .kernel = nullptr});
}

}  // namespace espalier::onednn
