#include "espalier/nn/init.h"

#include <cmath>

#include "espalier/core/error.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

void init_by_fan(torch::nn::Module& module, bool of_one_group) {
  torch::NoGradGuard no_grad;
  for (const auto& child : module.modules(/*include_self=*/false)) {
    const auto* conv = child->as<torch::nn::Conv2d>();
    if (!conv) continue;
    int64_t groups = of_one_group ? conv->options.groups() : 1;
    int64_t fan = conv->weight.numel() / conv->weight.size(1) / groups;
    conv->weight.normal_(0, std::sqrt(2.0 / static_cast<double>(fan)));
    if (conv->bias.defined()) conv->bias.zero_();
  }
}

}  // namespace

void init_convolutions(torch::nn::Module& module) {
  init_by_fan(module, /*of_one_group=*/false);
}

void init_convolutions_by_group(torch::nn::Module& module) {
  init_by_fan(module, /*of_one_group=*/true);
}

void init_normal(torch::nn::Module& module, double deviation) {
  torch::NoGradGuard no_grad;
  auto begin = [&](torch::Tensor& weight, torch::Tensor& bias) {
    weight.normal_(0, deviation);
    if (bias.defined()) bias.zero_();
  };
  auto begin_layer = [&](torch::nn::Module& layer) {
    if (auto* conv = layer.as<torch::nn::Conv2d>()) begin(conv->weight, conv->bias);
    if (auto* linear = layer.as<torch::nn::Linear>()) begin(linear->weight, linear->bias);
  };
  begin_layer(module);
  for (const auto& child : module.modules(/*include_self=*/false)) begin_layer(*child);
}

void init_by_outputs(torch::nn::Module& linear) {
  torch::NoGradGuard no_grad;
  auto* layer = linear.as<torch::nn::Linear>();
  if (!layer) fail(Kind::internal, "init_by_outputs: {} is not a linear layer", linear.name());
  double range = 1 / std::sqrt(static_cast<double>(layer->options.out_features()));
  layer->weight.uniform_(-range, range);
  if (layer->bias.defined()) layer->bias.zero_();
}

void zero_gamma(torch::nn::Module& norm) {
  torch::NoGradGuard no_grad;
  auto parameters = norm.named_parameters(/*recurse=*/false);
  torch::Tensor* weight = parameters.find("weight");
  if (!weight) fail(Kind::internal, "zero_gamma: {} has no weight", norm.name());
  weight->zero_();
}

}  // namespace espalier
