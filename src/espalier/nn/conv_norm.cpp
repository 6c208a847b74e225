#include "espalier/nn/conv_norm.h"

#include "espalier/tensor/torch.h"

namespace espalier {

std::shared_ptr<torch::nn::Conv2dImpl> make_convolution(const ConvShape& shape) {
  return std::make_shared<torch::nn::Conv2dImpl>(
      torch::nn::Conv2dOptions(shape.in, shape.out, shape.kernel)
          .stride(shape.stride)
          .padding(shape.kernel / 2)
          .groups(shape.groups)
          .bias(false));
}

ConvNorm::ConvNorm(const ConvShape& shape, Rectifier rectifier)
    : convolution_(register_module("0", make_convolution(shape))),
      norm_(register_module("1", std::make_shared<torch::nn::BatchNorm2dImpl>(shape.out))),
      rectifier_(rectifier) {}

at::Tensor ConvNorm::forward(const at::Tensor& x, const at::Tensor& addend) {
  torch::nn::BatchNorm2d norm(norm_);
  return norm_act(norm, convolution_->forward(x), rectifier_, addend);
}

}  // namespace espalier
