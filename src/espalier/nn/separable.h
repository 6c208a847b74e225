// A depthwise separable convolution (Howard et al. 2017, arXiv 1704.04861, figure 3): 3x3 in each
// channel for itself, then 1x1 across channels, a batch norm behind each. Names are timm's (conv_dw,
// bn1, conv_pw, bn2).
//
//   auto block = std::make_shared<DepthwiseSeparable>(32, 64, /*stride=*/1, Rectifier::relu6);
#pragma once

#include "espalier/nn/conv_norm.h"

namespace espalier {

class DepthwiseSeparable : public torch::nn::Module {
 public:
  // ReLU6 behind the first norm, `last` behind the second; `epsilon` of the norms.
  DepthwiseSeparable(
      int64_t in, int64_t out, int64_t stride, Rectifier last, double epsilon = 1e-5);
  at::Tensor forward(const at::Tensor& x);

 private:
  std::shared_ptr<torch::nn::Conv2dImpl> conv_dw_, conv_pw_;
  std::shared_ptr<torch::nn::BatchNorm2dImpl> bn1_, bn2_;
  Rectifier last_;
};

}  // namespace espalier
