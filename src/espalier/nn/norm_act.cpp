#include "espalier/nn/norm_act.h"

#include "espalier/tensor/torch.h"

namespace espalier {

at::Tensor norm_act(torch::nn::BatchNorm2d& norm,
                    const at::Tensor& x,
                    Rectifier rectifier,
                    const at::Tensor& addend) {
  at::Tensor y = norm->forward(x);
  if (addend.defined()) y = y + addend;
  if (rectifier == Rectifier::relu) return torch::relu(y);
  if (rectifier == Rectifier::relu6) return torch::relu6(y);
  return y;
}

}  // namespace espalier
