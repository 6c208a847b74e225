#include "espalier/nn/init.h"

#include "espalier/core/error.h"
#include "espalier/tensor/torch.h"

namespace espalier {

void init_convolutions(torch::nn::Module& module) {
  torch::NoGradGuard no_grad;
  for (const auto& child : module.modules(/*include_self=*/false)) {
    const auto* conv = child->as<torch::nn::Conv2d>();
    if (!conv) continue;
    torch::nn::init::kaiming_normal_(conv->weight, 0.0, torch::kFanOut, torch::kReLU);
    if (conv->bias.defined()) conv->bias.zero_();
  }
}

void zero_gamma(torch::nn::Module& norm) {
  torch::NoGradGuard no_grad;
  torch::Tensor* weight = norm.named_parameters(/*recurse=*/false).find("weight");
  if (!weight) fail(Kind::internal, "zero_gamma: {} has no weight", norm.name());
  weight->zero_();
}

}  // namespace espalier
