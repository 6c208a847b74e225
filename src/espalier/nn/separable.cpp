#include "espalier/nn/separable.h"

#include "espalier/tensor/torch.h"

namespace espalier {

using torch::nn::BatchNorm2dImpl;
using torch::nn::BatchNorm2dOptions;

DepthwiseSeparable::DepthwiseSeparable(
    int64_t in, int64_t out, int64_t stride, Rectifier last, double epsilon)
    : last_(last) {
  conv_dw_ = register_module(
      "conv_dw", make_convolution({.in = in, .out = in, .stride = stride, .groups = in}));
  bn1_ = register_module("bn1",
                         std::make_shared<BatchNorm2dImpl>(BatchNorm2dOptions(in).eps(epsilon)));
  conv_pw_ = register_module("conv_pw", make_convolution({.in = in, .out = out, .kernel = 1}));
  bn2_ = register_module("bn2",
                         std::make_shared<BatchNorm2dImpl>(BatchNorm2dOptions(out).eps(epsilon)));
}

at::Tensor DepthwiseSeparable::forward(const at::Tensor& x) {
  torch::nn::BatchNorm2d bn1(bn1_), bn2(bn2_);
  at::Tensor y = norm_act(bn1, conv_dw_->forward(x), Rectifier::relu6);
  return norm_act(bn2, conv_pw_->forward(y), last_);
}

}  // namespace espalier
