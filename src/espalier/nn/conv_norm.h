// A convolution without bias and the batch norm and rectifier behind it, under torchvision's child
// names "0" (convolution) and "1" (norm): the brick of MobileNetV2 and RegNet.
//
//   auto stem = std::make_shared<ConvNorm>(ConvShape{.in = 3, .out = 32, .stride = 2},
//                                          Rectifier::relu6);
//   x = stem->forward(x);
#pragma once

#include <cstdint>
#include <memory>

#include <torch/nn/module.h>

#include "espalier/nn/norm_act.h"

namespace torch::nn {
class BatchNorm2dImpl;
class Conv2dImpl;
}  // namespace torch::nn

namespace espalier {

struct ConvShape {
  int64_t in = 1, out = 1;
  int64_t kernel = 3;  // odd
  int64_t stride = 1;
  int64_t groups = 1;
};

// Padded by kernel / 2 on each side, without bias.
std::shared_ptr<torch::nn::Conv2dImpl> make_convolution(const ConvShape& shape);

class ConvNorm : public torch::nn::Module {
 public:
  ConvNorm(const ConvShape& shape, Rectifier rectifier);
  // `addend` (of the result's shape, or undefined) is added before the rectifier.
  at::Tensor forward(const at::Tensor& x, const at::Tensor& addend = {});

 private:
  std::shared_ptr<torch::nn::Conv2dImpl> convolution_;
  std::shared_ptr<torch::nn::BatchNorm2dImpl> norm_;
  Rectifier rectifier_;
};

}  // namespace espalier
