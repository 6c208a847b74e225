// A primitive for each kind of node.
#include "espalier/core/error.h"
#include "espalier/deploy/onednn/layout_builder.h"
#include "espalier/deploy/shapes.h"
#include "espalier/tensor/torch.h"

namespace espalier::onednn {

using dnnl::algorithm;
using dnnl::memory;
using dnnl::prop_kind;
using Type = memory::data_type;

namespace {

memory::dims pair_dims(const Pair& pair) {
  return {pair[0], pair[1]};
}

}  // namespace

void append(dnnl::post_ops& ops, const Activation& activation) {
  using Kind = Activation::Kind;
  float a = static_cast<float>(activation.alpha), b = static_cast<float>(activation.beta);
  switch (activation.kind) {
    case Kind::relu:
      return ops.append_eltwise(algorithm::eltwise_relu, 0, 0);
    case Kind::leaky_relu:
      return ops.append_eltwise(algorithm::eltwise_relu, a, 0);
    case Kind::clip:
      return ops.append_eltwise(algorithm::eltwise_clip, a, b);
    case Kind::sigmoid:
      return ops.append_eltwise(algorithm::eltwise_logistic, 0, 0);
    case Kind::tanh:
      return ops.append_eltwise(algorithm::eltwise_tanh, 0, 0);
    case Kind::hard_swish:
      return ops.append_eltwise(algorithm::eltwise_hardswish, 1.f / 6, 0.5f);
    case Kind::hard_sigmoid:
      return ops.append_eltwise(algorithm::eltwise_hardsigmoid, a, b);
  }
}

bool has_bias(const Node& node) {
  return node.inputs.size() > 2 && !node.inputs[2].empty();
}

memory::desc bias_desc(const Node& node, const memory::dims& dims) {
  return has_bias(node) ? any(dims, Type::f32) : memory::desc();
}

dnnl::primitive_attr Builder::attributes(const Fused& fused,
                                         const std::optional<Place>& addend,
                                         bool in_place) const {
  dnnl::post_ops ops;
  if (addend && in_place) ops.append_sum(1.f);
  if (addend && !in_place) ops.append_binary(algorithm::binary_add, addend->desc);
  if (fused.activation) append(ops, *fused.activation);
  return attributes_with(ops);
}

template <class Description>
bool Builder::emit_unary(const Description& description,
                         const Node& node,
                         const Place& from,
                         Place& to) {
  if (!is_fast(description)) return false;
  to = {new_buffer(description.dst_desc().get_size()), description.dst_desc()};
  emit(description, describe(node), {{DNNL_ARG_SRC, from}, {DNNL_ARG_DST, to}});
  return true;
}

template <class Description>
void Builder::emit_weighted(const Description& description,
                            const Node& node,
                            const memory::desc& plain,
                            const Place& from,
                            const Place& to,
                            const std::optional<Place>& addend) {
  auto packed = [&](size_t input, const memory::desc& lies, const memory::desc& wanted) {
    const std::string& name = node.inputs[input];
    return weights_.packed(name, graph_.constants.at(name), lies, wanted);
  };
  std::vector<std::pair<int, Place>> values = {{DNNL_ARG_SRC, from}, {DNNL_ARG_DST, to}};
  if (addend) values.push_back({DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1, *addend});
  std::vector<std::pair<int, memory>> constants = {
      {DNNL_ARG_WEIGHTS, packed(1, plain, description.weights_desc())}};
  if (has_bias(node)) {
    memory::desc wanted = description.bias_desc();
    constants.push_back({DNNL_ARG_BIAS, packed(2, dense(wanted.get_dims()), wanted)});
  }
  emit(description, describe(node), std::move(values), std::move(constants));
}

void Builder::finish(const Node& node, const Fused& fused, const Place& place) {
  for (const std::string& input : node.inputs) note_read(input);
  for (const Node* absorbed : fused.absorbed) done_.insert(absorbed);
  if (!fused.addend.empty()) note_read(fused.addend);
  define(fused.output, place);
}

bool Builder::emit_convolution(const Node& node) {
  const std::string& source = node.inputs[0];
  if (shape(source).size() != 4 || is_constant(source)) return false;
  ConvArguments conv = conv_arguments(graph_, node);
  if (conv.transposed) return false;
  std::array<int64_t, 4> pads = conv.pads_for(shape(source)[2], shape(source)[3]);
  memory::dims weight_dims = shape(node.inputs[1]);
  if (conv.groups > 1) {
    weight_dims[0] /= conv.groups;
    weight_dims.insert(weight_dims.begin(), conv.groups);
  }
  Fused fused = fuse_ready(node);
  std::optional<Place> addend;
  bool in_place = false;
  memory::desc target = map_of(shape(node.outputs[0]), type_of_result(fused.output));
  if (!fused.addend.empty()) {
    bool whole = is_whole(values_.at(fused.addend).place.desc);
    addend = floats(fused.addend);
    in_place = !whole && may_overwrite(fused.addend, source) &&
               addend->desc.get_data_type() == target.get_data_type();
    if (in_place) target = addend->desc;
  }
  bool first = values_.at(source).place.buffer == Layout::kImages;
  dnnl::convolution_forward::primitive_desc description(
      engine(), prop_kind::forward_inference, algorithm::convolution_direct,
      first ? any(shape(source), type_) : map_of(shape(source), type_), any(weight_dims, type_),
      bias_desc(node, {shape(node.inputs[1])[0]}), target, pair_dims(conv.strides),
      {conv.dilations[0] - 1, conv.dilations[1] - 1}, {pads[0], pads[1]}, {pads[2], pads[3]},
      attributes(fused, addend, in_place), true);
  if (!is_fast(description)) return false;
  Place from = as(source, description.src_desc());  // before a buffer of its own begins to live
  Place to = in_place ? *addend : Place{0, description.dst_desc()};
  if (!in_place) to.buffer = new_buffer(to.desc.get_size());
  emit_weighted(description, node, dense(weight_dims), from, to, in_place ? std::nullopt : addend);
  finish(node, fused, to);
  return true;
}

bool Builder::emit_linear(const Node& node) {
  const std::string& source = node.inputs[0];
  if (is_constant(source) || shape(source).size() != 2) return false;
  const Shape& weight = shape(node.inputs[1]);
  bool transposed = integer_attribute(node, "transB", 0) != 0;
  memory::dims weight_dims = transposed ? weight : Shape{weight[1], weight[0]};
  if (has_bias(node) && count_numbers(shape(node.inputs[2])) != weight_dims[0]) return false;
  memory::desc plain(weight_dims, Type::f32,
                     transposed ? memory::format_tag::ab : memory::format_tag::ba);
  Fused fused = fuse_ready(node);
  std::optional<Place> addend;
  if (!fused.addend.empty()) addend = floats(fused.addend);
  dnnl::inner_product_forward::primitive_desc description(
      engine(), prop_kind::forward_inference, any(shape(source), type_), any(weight_dims, type_),
      bias_desc(node, {weight_dims[0]}), any(shape(node.outputs[0]), type_of_result(fused.output)),
      attributes(fused, addend, false), true);
  if (!is_fast(description)) return false;
  Place from = as(source, description.src_desc());
  Place to{new_buffer(description.dst_desc().get_size()), description.dst_desc()};
  emit_weighted(description, node, plain, from, to, addend);
  finish(node, fused, to);
  return true;
}

bool Builder::emit_pool(const Node& node) {
  const std::string& source = node.inputs[0];
  if (is_constant(source) || shape(source).size() != 4) return false;
  PoolArguments pool = pool_arguments(node);
  bool largest = node.op == "MaxPool";
  if (!largest && pool.ceil_mode) return false;
  Shape in = shape(source), out = shape(node.outputs[0]);
  memory::dims after(2);
  for (size_t i = 0; i < 2; ++i)  // what the windows reach beyond the picture, ceil_mode included
    after[i] = (out[2 + i] - 1) * pool.strides[i] + (pool.kernel[i] - 1) * pool.dilations[i] + 1 -
               in[2 + i] - pool.pads[i];
  algorithm way = largest                  ? algorithm::pooling_max
                  : pool.count_include_pad ? algorithm::pooling_avg_include_padding
                                           : algorithm::pooling_avg_exclude_padding;
  const Place place = largest ? values_.at(source).place : floats(source);
  dnnl::pooling_forward::primitive_desc description(
      engine(), prop_kind::forward_inference, way, place.desc, any(out, place.desc.get_data_type()),
      pair_dims(pool.strides), pair_dims(pool.kernel),
      {pool.dilations[0] - 1, pool.dilations[1] - 1}, {pool.pads[0], pool.pads[1]}, after,
      attributes_with(), true);
  Place to;
  if (!emit_unary(description, node, place, to)) return false;
  to.step = place.step;
  finish(node, {.output = node.outputs[0]}, to);
  return true;
}

// The mean of each map: a pool whose window is the whole map.
bool Builder::emit_mean(const Node& node) {
  const std::string& source = node.inputs[0];
  if (is_constant(source) || shape(source).size() != 4) return false;
  if (node.op == "ReduceMean" &&
      reduce_arguments(graph_, node, 4).axes != std::vector<int64_t>{2, 3})
    return false;
  Shape in = shape(source);
  const Place place = floats(source);
  dnnl::pooling_forward::primitive_desc description(
      engine(), prop_kind::forward_inference, algorithm::pooling_avg_exclude_padding, place.desc,
      any({in[0], in[1], 1, 1}, place.desc.get_data_type()), {1, 1}, {in[2], in[3]}, {0, 0}, {0, 0},
      {0, 0}, attributes_with(), true);
  Place to;
  if (!emit_unary(description, node, place, to)) return false;
  Shape out = shape(node.outputs[0]);
  if (out.size() == 2) {
    memory::desc plain = dense({in[0], in[1], 1, 1}, place.desc.get_data_type());
    if (to.desc != plain) {
      Place copy{new_buffer(plain.get_size()), plain};
      emit_reorder(to, copy, node.outputs[0]);
      to = copy;
    }
    to.desc = dense(out, place.desc.get_data_type());
  }
  finish(node, {.output = node.outputs[0]}, to);
  return true;
}

bool Builder::emit_binary(const Node& node) {
  if (is_constant(node.inputs[0]) || is_constant(node.inputs[1])) return false;
  std::string a = node.inputs[0], b = node.inputs[1];
  const Shape& out = shape(node.outputs[0]);
  bool commutes = node.op == "Add" || node.op == "Mul";
  if (commutes && shape(a) != out) std::swap(a, b);
  if (shape(a) != out || shape(b).size() != out.size()) return false;
  algorithm way = node.op == "Add"   ? algorithm::binary_add
                  : node.op == "Mul" ? algorithm::binary_mul
                  : node.op == "Sub" ? algorithm::binary_sub
                                     : algorithm::binary_div;
  Fused fused = fuse_ready(node);
  if (!fused.addend.empty())  // sums of sums: each for itself
    fused = {.output = node.outputs[0]};
  Place left = floats(a), right = floats(b);
  if (shape(b) == out) right = as(b, left.desc);
  dnnl::binary::primitive_desc description(
      engine(), way, left.desc, right.desc,
      any(out, fused.output == node.outputs[0] || !is_output(fused.output)
                   ? left.desc.get_data_type()
                   : Type::f32),
      attributes(fused, std::nullopt, false), true);
  if (!is_fast(description)) return false;
  Place to{new_buffer(description.dst_desc().get_size()), description.dst_desc()};
  emit(description, describe(node),
       {{DNNL_ARG_SRC_0, left}, {DNNL_ARG_SRC_1, right}, {DNNL_ARG_DST, to}});
  finish(node, fused, to);
  return true;
}

bool Builder::emit_activation(const Node& node) {
  std::optional<Activation> activation = activation_of(graph_, node);
  if (!activation || is_constant(node.inputs[0])) return false;
  dnnl::post_ops ops;
  append(ops, *activation);
  algorithm way;
  float alpha, beta;
  ops.get_params_eltwise(0, way, alpha, beta);
  const Place place = floats(node.inputs[0]);
  dnnl::eltwise_forward::primitive_desc description(engine(), prop_kind::forward_inference, way,
                                                    place.desc, place.desc, alpha, beta,
                                                    attributes_with(), true);
  Place to;
  if (!emit_unary(description, node, place, to)) return false;
  finish(node, {.output = node.outputs[0]}, to);
  return true;
}

bool Builder::emit_concat(const Node& node) {
  std::vector<Place> from;
  for (const std::string& input : node.inputs) {
    if (is_constant(input)) return false;
    from.push_back(values_.at(input).place);
  }
  bool alike = std::all_of(from.begin(), from.end(), [&](const Place& place) {
    return place.step == from[0].step && place.desc.get_data_type() == from[0].desc.get_data_type();
  });
  std::vector<memory::desc> parts;
  for (size_t i = 0; i < from.size(); ++i) {
    if (!alike) from[i] = floats(node.inputs[i]);
    parts.push_back(from[i].desc);
    if (parts[i].get_data_type() != parts[0].get_data_type()) return false;
  }
  const Shape& out = shape(node.outputs[0]);
  int64_t axis =
      normal_axis(node, integer_attribute(node, "axis", 1), static_cast<int64_t>(out.size()));
  dnnl::concat::primitive_desc description(engine(), any(out, parts[0].get_data_type()),
                                           static_cast<int>(axis), parts, attributes_with());
  if (!is_fast(description)) return false;
  std::vector<std::pair<int, Place>> values;
  for (size_t i = 0; i < from.size(); ++i)
    values.push_back({DNNL_ARG_MULTIPLE_SRC + static_cast<int>(i), from[i]});
  Place to{new_buffer(description.dst_desc().get_size()), description.dst_desc(), from[0].step};
  values.push_back({DNNL_ARG_DST, to});
  emit(description, describe(node), std::move(values));
  finish(node, {.output = node.outputs[0]}, to);
  return true;
}

// The same numbers in the same order under another shape, or nothing at all.
bool Builder::emit_view(const Node& node) {
  const std::string& source = node.inputs[0];
  if (is_constant(source)) return false;
  Place place = values_.at(source).place;
  const Shape& out = shape(node.outputs[0]);
  if (out != shape(source)) {
    place = as(source, dense(shape(source), place.desc.get_data_type()));
    if (place.buffer == Layout::kImages) return false;
    place.desc = dense(out, place.desc.get_data_type());
  }
  finish(node, {.output = node.outputs[0]}, place);
  return true;
}

void Builder::emit_kernel(const Node& node) {
  auto step = std::make_unique<KernelStep>();
  step->kernel = make_kernel(graph_, node);
  step->constants.resize(node.inputs.size());
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const std::string& input = node.inputs[i];
    if (input.empty()) continue;
    if (is_constant(input))
      step->constants[i] =
          weights_.has(input) ? weights_.unpacked(input, shape(input)) : graph_.constants.at(input);
    else
      step->values.push_back({i, as_dense(input)});
  }
  for (const auto& [input, place] : step->values) touch(place);
  memory::desc plain = dense(shape(node.outputs[0]));
  step->output = {new_buffer(plain.get_size()), plain};
  step->name = describe(node) + " by LibTorch";
  Place to = step->output;
  layout_.steps.push_back({.primitive = nullptr, .kernel = std::move(step)});
  finish(node, {.output = node.outputs[0]}, to);
}

}  // namespace espalier::onednn
