// Primitives on whole numbers: QuantizeLinear and DequantizeLinear around a layer become scales of one
// primitive. Values with zero point 128 are kept as int8 with zero point 0, which are the same numbers.
#include "espalier/core/error.h"
#include "espalier/deploy/onednn/layout_builder.h"
#include "espalier/deploy/qdq.h"
#include "espalier/tensor/torch.h"

namespace espalier::onednn {

using dnnl::algorithm;
using dnnl::memory;
using dnnl::prop_kind;

namespace {

// Without the instructions for sums of byte products, oneDNN's intermediate sums of uint8 and int8 are cut
// off at 16 bits, so such processors compute in float.
bool has_byte_products() {
  dnnl::cpu_isa isa = dnnl::get_effective_cpu_isa();
  return isa == dnnl::cpu_isa::avx2_vnni || isa == dnnl::cpu_isa::avx2_vnni_2 ||
         isa >= dnnl::cpu_isa::avx512_core_vnni;
}

memory::desc channels_last(const Shape& shape, memory::data_type type) {
  return memory::desc(shape, type, memory::format_tag::nhwc);
}

memory scales(const at::Tensor& values) {
  at::Tensor flat = values.contiguous();
  memory numbers(memory::desc({flat.numel()}, memory::data_type::f32, memory::format_tag::a),
                 engine());
  std::copy_n(flat.const_data_ptr<float>(), flat.numel(),
              static_cast<float*>(numbers.get_data_handle()));
  return numbers;
}

}  // namespace

std::optional<Builder::Grid> Builder::grid_of(const Node& quantise) const {
  QuantiseArguments q = quantise_arguments(graph_, quantise);
  float step = static_cast<float>(q.scale);
  if (!q.is_signed && q.zero_point == 0) return Grid{Type::u8, step};
  if (q.zero_point == (q.is_signed ? 0 : 128)) return Grid{Type::s8, step};
  return std::nullopt;
}

std::optional<Builder::Grid> Builder::absorb_rounding(Fused& fused) const {
  const Node* next = readers_.only(fused.output);
  if (!next || next->op != "QuantizeLinear") return std::nullopt;
  std::optional<Grid> grid = grid_of(*next);
  if (!grid) return std::nullopt;
  fused.absorbed.push_back(next);
  fused.output = next->outputs[0];
  // What the bounds of uint8 cut off need no rectifier.
  if (grid->type == Type::u8 && fused.activation) {
    bool relu = fused.activation->kind == Activation::Kind::relu;
    bool clip = fused.activation->kind == Activation::Kind::clip && fused.activation->alpha == 0 &&
                fused.activation->beta >= 255 * double{grid->step};
    if (relu || clip) fused.activation.reset();
  }
  return grid;
}

bool Builder::has_whole_weights(const Node& node, int64_t axis) const {
  const std::string& source = node.inputs[0];
  if (!has_byte_products() || is_constant(source) || !is_whole(values_.at(source).place.desc))
    return false;
  auto steps = graph_.steps.find(node.inputs[1]);
  return steps != graph_.steps.end() && !steps->second.wide &&
         (steps->second.axis == axis || steps->second.scale.numel() == 1);
}

bool Builder::emit_quantise(const Node& node) {
  const std::string& source = node.inputs[0];
  std::optional<Grid> grid = grid_of(node);
  if (!grid || is_constant(source)) return false;
  Place from = values_.at(source).place;
  if (from.desc.get_data_type() == grid->type && from.step == grid->step) {
    finish(node, {.output = node.outputs[0]}, from);
    return true;
  }
  memory::desc desc = shape(source).size() == 4 ? channels_last(shape(source), grid->type)
                                                : dense(shape(source), grid->type);
  Place to{new_buffer(desc.get_size()), desc, grid->step};
  emit_reorder(from, to, source);
  finish(node, {.output = node.outputs[0]}, to);
  return true;
}

bool Builder::emit_dequantise(const Node& node) {
  const std::string& source = node.inputs[0];
  Place place = values_.at(source).place;
  std::optional<Grid> grid = grid_of(node);
  if (!is_whole(place.desc) || !grid || grid->step != place.step) return false;
  finish(node, {.output = node.outputs[0]}, place);
  // The same numbers under another name: nobody reads them under the old one any more.
  if (values_.at(source).readers_left == 0) --owners_[place.buffer];
  return true;
}

template <class Description>
void Builder::emit_whole_layer(const Description& description,
                               const Node& node,
                               const memory::desc& plain,
                               const Place& from,
                               const Place& to,
                               const std::optional<Place>& term) {
  const std::string& weight = node.inputs[1];
  const Steps& steps = graph_.steps.at(weight);
  std::vector<std::pair<int, Place>> values = {{DNNL_ARG_SRC, from}, {DNNL_ARG_DST, to}};
  if (term) values.push_back({DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1, *term});
  std::vector<std::pair<int, memory>> constants = {
      {DNNL_ARG_WEIGHTS, weights_.packed_whole(weight, graph_.constants.at(weight), steps, plain,
                                               description.weights_desc())},
      {DNNL_ARG_ATTR_SCALES | DNNL_ARG_SRC, number(from.step)},
      {DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS, scales(steps.scale)}};
  if (is_whole(to.desc))
    constants.push_back({DNNL_ARG_ATTR_SCALES | DNNL_ARG_DST, number(to.step)});
  if (has_bias(node)) {
    memory::desc wanted = description.bias_desc();
    constants.push_back(
        {DNNL_ARG_BIAS, weights_.packed(node.inputs[2], graph_.constants.at(node.inputs[2]),
                                        dense(wanted.get_dims()), wanted)});
  }
  emit(description, describe(node), std::move(values), std::move(constants));
}

bool Builder::emit_whole_convolution(const Node& node) {
  const std::string& source = node.inputs[0];
  if (shape(source).size() != 4 || !has_whole_weights(node, 0)) return false;
  ConvArguments conv = conv_arguments(graph_, node);
  std::array<int64_t, 4> pads = conv.pads_for(shape(source)[2], shape(source)[3]);
  memory::dims weight_dims = shape(node.inputs[1]);
  if (conv.groups > 1) {
    weight_dims[0] /= conv.groups;
    weight_dims.insert(weight_dims.begin(), conv.groups);
  }
  Fused fused = fuse_ready(node);
  std::optional<Grid> grid = absorb_rounding(fused);
  const Shape& out = shape(node.outputs[0]);

  // A sum is computed over its other term, or over a copy of it when somebody reads that later.
  std::optional<Place> under, term;
  if (!fused.addend.empty()) {
    const Place& addend = values_.at(fused.addend).place;
    if (grid && is_whole(addend.desc))
      under = as(fused.addend, channels_last(out, addend.desc.get_data_type()));
    else
      term = floats(fused.addend);
  }
  dnnl::post_ops ops;
  if (under) ops.append_sum(under->step, 0, under->desc.get_data_type());
  if (term) ops.append_binary(algorithm::binary_add, term->desc);
  if (fused.activation) append(ops, *fused.activation);
  dnnl::primitive_attr attributes = attributes_with(ops);
  attributes.set_scales_mask(DNNL_ARG_SRC, 0);
  bool by_channel = graph_.steps.at(node.inputs[1]).scale.numel() > 1;
  attributes.set_scales_mask(DNNL_ARG_WEIGHTS, !by_channel ? 0 : conv.groups > 1 ? 3 : 1);
  if (grid) attributes.set_scales_mask(DNNL_ARG_DST, 0);
  Type type = grid ? grid->type : type_of_result(fused.output);
  dnnl::convolution_forward::primitive_desc description(
      engine(), prop_kind::forward_inference, algorithm::convolution_direct,
      any(shape(source), values_.at(source).place.desc.get_data_type()), any(weight_dims, Type::s8),
      bias_desc(node, {out[1]}), under ? channels_last(out, type) : any(out, type),
      {conv.strides[0], conv.strides[1]}, {conv.dilations[0] - 1, conv.dilations[1] - 1},
      {pads[0], pads[1]}, {pads[2], pads[3]}, attributes, true);
  if (!is_fast(description)) return false;
  Place from = as(source, description.src_desc());
  Place to{0, description.dst_desc(), grid ? grid->step : 1};
  if (under) {
    bool own = under->buffer == values_.at(fused.addend).place.buffer &&
               may_overwrite(fused.addend, source);
    to.buffer = own ? under->buffer : new_buffer(under->desc.get_size());
    if (!own) emit_reorder(*under, {to.buffer, under->desc, under->step}, fused.addend);
  } else {
    to.buffer = new_buffer(to.desc.get_size());
  }
  emit_whole_layer(description, node, dense(weight_dims, Type::s8), from, to, term);
  finish(node, fused, to);
  return true;
}

bool Builder::emit_whole_linear(const Node& node) {
  const std::string& source = node.inputs[0];
  bool transposed = integer_attribute(node, "transB", 0) != 0;
  if (shape(source).size() != 2 || !has_whole_weights(node, transposed ? 0 : 1)) return false;
  const Shape& weight = shape(node.inputs[1]);
  memory::dims weight_dims = transposed ? weight : Shape{weight[1], weight[0]};
  memory::desc plain(weight_dims, Type::s8,
                     transposed ? memory::format_tag::ab : memory::format_tag::ba);
  Fused fused = fuse_ready(node);
  if (!fused.addend.empty()) return false;
  std::optional<Grid> grid = absorb_rounding(fused);
  dnnl::post_ops ops;
  if (fused.activation) append(ops, *fused.activation);
  dnnl::primitive_attr attributes = attributes_with(ops);
  attributes.set_scales_mask(DNNL_ARG_SRC, 0);
  attributes.set_scales_mask(DNNL_ARG_WEIGHTS,
                             graph_.steps.at(node.inputs[1]).scale.numel() > 1 ? 1 : 0);
  if (grid) attributes.set_scales_mask(DNNL_ARG_DST, 0);
  dnnl::inner_product_forward::primitive_desc description(
      engine(), prop_kind::forward_inference,
      any(shape(source), values_.at(source).place.desc.get_data_type()), any(weight_dims, Type::s8),
      bias_desc(node, {weight_dims[0]}),
      any(shape(node.outputs[0]), grid ? grid->type : type_of_result(fused.output)), attributes,
      true);
  if (!is_fast(description)) return false;
  Place from = as(source, description.src_desc());
  Place to{new_buffer(description.dst_desc().get_size()), description.dst_desc(),
           grid ? grid->step : 1};
  emit_whole_layer(description, node, plain, from, to, std::nullopt);
  finish(node, fused, to);
  return true;
}

bool Builder::emit_whole_sum(const Node& node) {
  const std::string &a = node.inputs[0], &b = node.inputs[1];
  if (is_constant(a) || is_constant(b) || shape(a) != shape(b)) return false;
  if (!is_whole(values_.at(a).place.desc) || !is_whole(values_.at(b).place.desc)) return false;
  Fused fused = fuse_ready(node);
  if (!fused.addend.empty()) return false;
  std::optional<Grid> grid = absorb_rounding(fused);
  if (!grid || fused.activation) return false;
  Place left = values_.at(a).place;
  Place right =
      as(b, shape(b).size() == 4 ? channels_last(shape(b), values_.at(b).place.desc.get_data_type())
                                 : dense(shape(b), values_.at(b).place.desc.get_data_type()));
  dnnl::primitive_attr attributes = attributes_with();
  attributes.set_scales_mask(DNNL_ARG_SRC_0, 0);
  attributes.set_scales_mask(DNNL_ARG_SRC_1, 0);
  dnnl::binary::primitive_desc description(engine(), algorithm::binary_add, left.desc, right.desc,
                                           any(shape(a), grid->type), attributes, true);
  if (!is_fast(description)) return false;
  Place to{new_buffer(description.dst_desc().get_size()), description.dst_desc(), grid->step};
  // The result in its own steps: both terms are scaled to them.
  emit(description, describe(node),
       {{DNNL_ARG_SRC_0, left}, {DNNL_ARG_SRC_1, right}, {DNNL_ARG_DST, to}},
       {{DNNL_ARG_ATTR_SCALES | DNNL_ARG_SRC_0, number(left.step / grid->step)},
        {DNNL_ARG_ATTR_SCALES | DNNL_ARG_SRC_1, number(right.step / grid->step)}});
  finish(node, fused, to);
  return true;
}

}  // namespace espalier::onednn
