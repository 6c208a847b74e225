// Chooses a buffer for every value and asks for a primitive for every node.
#include <cmath>

#include "espalier/core/error.h"
#include "espalier/deploy/onednn/layout_builder.h"
#include "espalier/deploy/shapes.h"
#include "espalier/tensor/torch.h"

namespace espalier::onednn {

using dnnl::memory;

dnnl::primitive_attr attributes_with(const dnnl::post_ops& ops) {
  dnnl::primitive_attr attributes;
  attributes.set_post_ops(ops);
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

memory number(float value) {
  memory one(memory::desc({1}, memory::data_type::f32, memory::format_tag::a), engine());
  *static_cast<float*>(one.get_data_handle()) = value;
  return one;
}

// How a picture's maps lie between two convolutions.
memory::desc Builder::map_of(const Shape& shape, Type type) const {
  return memory::desc(shape, type,
                      arrangement_ == Arrangement::channels_last  ? memory::format_tag::nhwc
                      : arrangement_ == Arrangement::blocks_of_16 ? memory::format_tag::nChw16c
                                                                  : memory::format_tag::any);
}

size_t Builder::new_buffer(size_t bytes) {
  size_t now = layout_.steps.size();
  layout_.buffers.push_back({.bytes = bytes, .first = now, .last = now});
  owners_.push_back(0);
  return layout_.buffers.size() - 1;
}

void Builder::touch(const Place& place) {
  layout_.buffers[place.buffer].last =
      std::max(layout_.buffers[place.buffer].last, layout_.steps.size());
}

void Builder::define(const std::string& name, const Place& place) {
  ++owners_[place.buffer];
  values_[name] = Value{.place = place, .readers_left = readers_.count(name)};
}

void Builder::note_read(const std::string& name) {
  if (auto value = values_.find(name); value != values_.end()) --value->second.readers_left;
}

// A sum may be computed over its addend when nothing else reads that any more, nor shares its
// buffer.
bool Builder::may_overwrite(const std::string& name, const std::string& source) const {
  const Value& value = values_.at(name);
  size_t buffer = value.place.buffer;
  return value.readers_left == 1 && owners_[buffer] == 1 && buffer > Layout::kLogits &&
         values_.at(source).place.buffer != buffer;
}

Place Builder::as(const std::string& name, const memory::desc& wanted) {
  Value& value = values_.at(name);
  if (value.place.desc == wanted) return value.place;
  for (const Place& copy : value.copies)
    if (copy.desc == wanted) return copy;
  Place copy{new_buffer(wanted.get_size()), wanted, is_whole(wanted) ? value.place.step : 1};
  emit_reorder(value.place, copy, name);
  values_.at(name).copies.push_back(copy);
  return copy;
}

Place Builder::floats(const std::string& name) {
  const Place& place = values_.at(name).place;
  if (!is_whole(place.desc)) return place;
  return as(name, shape(name).size() == 4
                      ? memory::desc(shape(name), type_, memory::format_tag::nhwc)
                      : dense(shape(name), type_));
}

Place Builder::as_dense(const std::string& name) {
  memory::desc wanted = dense(shape(name));
  Place place = as(name, wanted);
  if (place.buffer != Layout::kImages) return place;
  Place copy{new_buffer(wanted.get_size()), wanted};  // kernels see addresses that never change
  emit_reorder(place, copy, name);
  values_.at(name).copies.push_back(copy);
  return copy;
}

void Builder::emit_reorder(const Place& from, const Place& to, const std::string& name) {
  dnnl::primitive_attr attributes = attributes_with();
  std::vector<std::pair<int, memory>> steps;
  bool same = is_whole(from.desc) && is_whole(to.desc) && from.step == to.step;
  auto scale = [&](int argument, const Place& place) {
    if (!is_whole(place.desc) || same) return;
    attributes.set_scales_mask(argument, 0);
    steps.push_back({DNNL_ARG_ATTR_SCALES | argument, number(place.step)});
  };
  scale(DNNL_ARG_FROM, from);
  scale(DNNL_ARG_TO, to);
  emit(dnnl::reorder::primitive_desc(engine(), from.desc, engine(), to.desc, attributes),
       (steps.empty() ? "layout of " : "rounding of ") + name,
       {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}}, std::move(steps));
}

Fused Builder::fuse_ready(const Node& node) const {
  return fuse(graph_, readers_, node, [&](const Node& sum, const std::string& addend) {
    return values_.count(addend) > 0 && shape(addend) == shape(sum.outputs[0]) &&
           shape(addend) == shape(node.outputs[0]);
  });
}

void Builder::emit_node(const Node& node) {
  bool done = false;
  try {
    if (node.op == "Conv") done = emit_whole_convolution(node) || emit_convolution(node);
    if (node.op == "Gemm") done = emit_whole_linear(node) || emit_linear(node);
    if (node.op == "QuantizeLinear") done = emit_quantise(node);
    if (node.op == "DequantizeLinear") done = emit_dequantise(node);
    if (node.op == "Add") done = emit_whole_sum(node);
    if (node.op == "MaxPool" || node.op == "AveragePool") done = emit_pool(node);
    if (node.op == "GlobalAveragePool" || node.op == "ReduceMean") done = emit_mean(node);
    if (!done && (node.op == "Add" || node.op == "Mul" || node.op == "Sub" || node.op == "Div"))
      done = emit_binary(node);
    if (node.op == "Concat") done = emit_concat(node);
    if (node.op == "Flatten" || node.op == "Reshape" || node.op == "Identity" ||
        node.op == "Dropout")
      done = emit_view(node);
    if (!done) done = emit_activation(node);
  } catch (const dnnl::error& error) {
    // A combination that oneDNN does not know; it says so before anything is emitted.
    if (error.status != dnnl_unimplemented && error.status != dnnl_invalid_arguments) throw;
  }
  if (!done) emit_kernel(node);
}

Layout Builder::build(bool channels_last) {
  const Shape& images = shape(graph_.inputs[0].name);
  layout_.buffers = {{.bytes = 0, .first = 0, .last = 0}, {.bytes = 0, .first = 0, .last = 0}};
  owners_ = {1, 1};
  define(graph_.inputs[0].name,
         {Layout::kImages, channels_last ? memory::desc(images, Type::f32, memory::format_tag::nhwc)
                                         : dense(images)});
  for (const Node& node : graph_.nodes)
    if (!done_.count(&node)) emit_node(node);
  const std::string& last = graph_.outputs[0].name;
  layout_.output = shape(last);
  emit_reorder(values_.at(last).place, {Layout::kLogits, dense(shape(last))}, last);
  return std::move(layout_);
}

namespace {

// Of the convolutions over all channels.
struct Channels {
  double filled =
      1;  // share of their multiply-adds that are asked for when channels come in whole blocks of 16
  double width = 0;  // geometric mean of inputs and outputs, over the multiply-adds
};

// The first layer's images do not come in blocks.
Channels channels_of(const Graph& graph, const std::map<std::string, Shape>& shapes) {
  auto blocks = [](int64_t channels) { return (channels + 15) / 16 * 16; };
  double asked = 0, done = 0, width = 0;
  for (const Node& node : graph.nodes) {
    if (node.op != "Conv" || integer_attribute(node, "group", 1) != 1) continue;
    const Shape &weight = shapes.at(node.inputs[1]), &out = shapes.at(node.outputs[0]);
    if (weight.size() != 4 || out.size() != 4) continue;
    const double places = static_cast<double>(weight[2] * weight[3] * out[2] * out[3]),
                 pairs = static_cast<double>(weight[0] * weight[1]);
    asked += places * pairs;
    width += places * pairs * std::sqrt(pairs);
    done += places * static_cast<double>(blocks(weight[0]) *
                                         (weight[1] <= 4 ? weight[1] : blocks(weight[1])));
  }
  return done > 0 ? Channels{asked / done, width / asked} : Channels{};
}

}  // namespace

Arrangement usual_arrangement(const Graph& graph,
                              const std::map<std::string, Shape>& shapes,
                              Precision precision) {
  constexpr double kNarrow = 64, kBadlyFilled = 0.7;
  if (!graph.steps.empty()) return Arrangement::channels_last;
  bool wide = dnnl::get_effective_cpu_isa() >= dnnl::cpu_isa::avx512_core;
  if (!wide || precision != Precision::fp32) return Arrangement::as_wished;
  const Channels channels = channels_of(graph, shapes);
  return channels.width <= kNarrow || channels.filled < kBadlyFilled ? Arrangement::channels_last
                                                                     : Arrangement::blocks_of_16;
}

Layout build_layout(Graph& graph,
                    const std::map<std::string, Shape>& shapes,
                    Weights& weights,
                    Precision precision,
                    Arrangement arrangement,
                    bool channels_last) {
  return Builder(graph, shapes, weights, precision, arrangement).build(channels_last);
}

}  // namespace espalier::onednn
