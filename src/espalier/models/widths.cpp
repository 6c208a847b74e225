#include "espalier/models/widths.h"

#include <algorithm>
#include <cmath>

#include "espalier/core/error.h"
#include "espalier/core/names.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

namespace nn = torch::nn;
using nlohmann::json;
using torch::Tensor;

void cut(const std::string& layer, Tensor tensor, const std::vector<int64_t>& shape) {
  if (!tensor.defined() || tensor.sizes() == at::IntArrayRef(shape)) return;
  if (tensor.dim() != static_cast<int64_t>(shape.size()))
    fail(Kind::usage, "layer_widths: {} has {} axes, not {}", layer, tensor.dim(), shape.size());
  Tensor part = tensor.detach();
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    int64_t before = tensor.size(static_cast<int64_t>(axis)), now = shape[axis];
    if (now < 1 || now > before)
      fail(Kind::usage, "layer_widths: {} cannot have {} of its {} channels", layer, now, before);
    part = part.narrow(static_cast<int64_t>(axis), 0, now);
  }
  tensor.set_data(part.clone(at::MemoryFormat::Contiguous));  // every handle of the tensor sees it
}

// A weight of outputs x inputs x ..., fresh from the family's initialisation.
void cut_weight(const std::string& layer, Tensor weight, int64_t out, int64_t in) {
  std::vector<int64_t> shape = weight.sizes().vec();
  int64_t before = shape[1];
  shape[0] = out;
  shape[1] = in;
  cut(layer, weight, shape);
  if (in != before)
    weight.data().mul_(std::sqrt(static_cast<double>(before) / static_cast<double>(in)));
}

struct InOut {
  int64_t in, out;
};

InOut read_in_out(const std::string& layer, const json& sizes, InOut unchanged) {
  if (!sizes.is_object())
    fail(Kind::usage, "layer_widths: {} wants {{\"in\": ..., \"out\": ...}}", layer);
  for (const auto& [key, value] : sizes.items())
    if ((key != "in" && key != "out") || !value.is_number_integer())
      fail(Kind::usage, "layer_widths: {}: 'in' and 'out' are numbers of channels, got '{}'", layer,
           key);
  return {sizes.value("in", unchanged.in), sizes.value("out", unchanged.out)};
}

// The options of a layer, from the shapes of its parameters.
void adopt_shapes(nn::Conv2dImpl& conv) {
  auto& options = conv.options;
  const Tensor& weight = conv.weight;
  if (options.groups() > 1)
    options.groups(weight.size(0) / (options.out_channels() / options.groups()));
  options.out_channels(weight.size(0)).in_channels(weight.size(1) * options.groups());
}
void adopt_shapes(nn::LinearImpl& linear) {
  linear.options.in_features(linear.weight.size(1)).out_features(linear.weight.size(0));
}
void adopt_shapes(nn::BatchNorm2dImpl& norm) {
  if (norm.weight.defined()) norm.options.num_features(norm.weight.size(0));
}
void adopt_shapes(nn::LayerNormImpl& norm) {
  if (norm.weight.defined()) norm.options.normalized_shape({norm.weight.size(0)});
}

void cut_layer(const std::string& name, nn::Conv2dImpl& conv, const json& sizes) {
  const auto& options = conv.options;
  int64_t in_a_group = options.in_channels() / options.groups();
  InOut now = read_in_out(name, sizes, {options.in_channels(), options.out_channels()});
  if (options.groups() > 1) {
    int64_t groups = now.in / in_a_group;
    int64_t out_a_group = options.out_channels() / options.groups();
    if (groups * in_a_group != now.in || groups * out_a_group != now.out)
      fail(Kind::usage,
           "layer_widths: {} has {} to {} channels a group, which {} to {} do not keep", name,
           in_a_group, out_a_group, now.in, now.out);
    cut_weight(name, conv.weight, now.out, in_a_group);
  } else {
    cut_weight(name, conv.weight, now.out, now.in);
  }
  cut(name, conv.bias, {now.out});
}

void cut_layer(const std::string& name, nn::LinearImpl& linear, const json& sizes) {
  const auto& options = linear.options;
  InOut now = read_in_out(name, sizes, {options.in_features(), options.out_features()});
  cut_weight(name, linear.weight, now.out, now.in);
  cut(name, linear.bias, {now.out});
}

int64_t read_count(const std::string& layer, const json& size) {
  if (!size.is_number_integer()) fail(Kind::usage, "layer_widths: {} wants a number", layer);
  return size.get<int64_t>();
}

void cut_layer(const std::string& name, nn::BatchNorm2dImpl& norm, const json& size) {
  int64_t channels = read_count(name, size);
  for (const Tensor& tensor : {norm.weight, norm.bias, norm.running_mean, norm.running_var})
    cut(name, tensor, {channels});
}

void cut_layer(const std::string& name, nn::LayerNormImpl& norm, const json& size) {
  int64_t channels = read_count(name, size);
  for (const Tensor& tensor : {norm.weight, norm.bias}) cut(name, tensor, {channels});
}

json width_of(const nn::Conv2dImpl& conv) {
  return {{"in", conv.options.in_channels()}, {"out", conv.options.out_channels()}};
}
json width_of(const nn::LinearImpl& linear) {
  return {{"in", linear.options.in_features()}, {"out", linear.options.out_features()}};
}
json width_of(const nn::BatchNorm2dImpl& norm) {
  return norm.options.num_features();
}
json width_of(const nn::LayerNormImpl& norm) {
  return norm.options.normalized_shape().at(0);
}

// Calls visit(layer) with the layer as what it is; false when it is nothing that has a width.
template <class Visit>
bool visit_layer(nn::Module& module, const Visit& visit) {
  if (auto* conv = module.as<nn::Conv2d>()) return visit(*conv), true;
  if (auto* linear = module.as<nn::Linear>()) return visit(*linear), true;
  if (auto* norm = module.as<nn::BatchNorm2d>()) return visit(*norm), true;
  if (auto* norm = module.as<nn::LayerNorm>()) return visit(*norm), true;
  return false;
}

// All layers with a width, and the parameters that stand in none of them.
json all_widths(const nn::Module& net) {
  json widths = json::object();
  for (const auto& item : net.named_modules("", /*include_self=*/false)) {
    if (visit_layer(*item.value(), [&](auto& layer) { widths[item.key()] = width_of(layer); }))
      continue;
    for (const auto& parameter : item.value()->named_parameters(/*recurse=*/false))
      widths[item.key() + "." + parameter.key()] = parameter.value().sizes().vec();
  }
  for (const auto& parameter : net.named_parameters(/*recurse=*/false))
    widths[parameter.key()] = parameter.value().sizes().vec();
  return widths;
}

}  // namespace

void set_widths(nn::Module& net, const json& widths) {
  if (!widths.is_object()) fail(Kind::usage, "layer_widths: an object of layers is wanted");
  auto modules = net.named_modules("", /*include_self=*/false);
  auto parameters = net.named_parameters();
  for (const auto& [name, size] : widths.items()) {
    auto* module = modules.find(name);
    if (module && visit_layer(**module, [&, &name = name, &size = size](auto& layer) {
          cut_layer(name, layer, size);
          adopt_shapes(layer);
        }))
      continue;
    auto* parameter = parameters.find(name);
    if (!parameter)
      throw Error(Kind::usage, "layer_widths: " + unknown_name("layer", name, modules.keys()));
    if (!size.is_array() || !std::all_of(size.begin(), size.end(), [](const json& number) {
          return number.is_number_integer();
        }))
      fail(Kind::usage, "layer_widths: {} wants the list of its sizes", name);
    cut(name, *parameter, size.get<std::vector<int64_t>>());
  }
}

void adopt_shapes(nn::Module& net) {
  for (const auto& module : net.modules())
    visit_layer(*module, [](auto& layer) { adopt_shapes(layer); });
}

json widths_of(const nn::Module& net, const nn::Module& whole) {
  json now = all_widths(net), before = all_widths(whole), changed = json::object();
  for (const auto& [name, size] : now.items()) {
    const json& old = before.at(name);
    if (size == old) continue;
    if (!size.is_object()) {
      changed[name] = size;
      continue;
    }
    for (const char* side : {"in", "out"})
      if (size[side] != old[side]) changed[name][side] = size[side];
  }
  return changed;
}

}  // namespace espalier
