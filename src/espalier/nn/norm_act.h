// A batch norm with what follows it, as networks are written: the norm, the residual sum, the
// rectifier.
//
//   x = norm_act(bn1, conv1->forward(x), Rectifier::relu);
//   y = norm_act(bn2, conv2->forward(x), Rectifier::relu, shortcut);   // relu(bn2(...) + shortcut)
#pragma once

#include <ATen/core/Tensor.h>

namespace torch::nn {
class BatchNorm2d;
}

namespace espalier {

enum class Rectifier { none, relu, relu6 };

// x: N x C x H x W. `addend`: of the result's shape, or undefined for none. In training mode the
// running statistics are updated as by the norm itself.
at::Tensor norm_act(torch::nn::BatchNorm2d& norm,
                    const at::Tensor& x,
                    Rectifier rectifier,
                    const at::Tensor& addend = {});

}  // namespace espalier
