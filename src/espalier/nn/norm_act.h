// A batch norm with what follows it, as networks are written: the norm, the residual sum, the
// rectifier. One pass over memory where separate operators take three to five.
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
// running statistics are updated as by the norm itself. Channels-last fp32 and bf16 on the CPU run
// on kernels of ours with statistics in fp32, which give the same bits with any number of threads;
// the backward pass keeps x, and with an addend the result. Everything else (other layouts and
// types, tracing, norms without affine parameters) runs on LibTorch's operators, and so does a
// backward pass that is itself differentiated.
at::Tensor norm_act(torch::nn::BatchNorm2d& norm,
                    const at::Tensor& x,
                    Rectifier rectifier,
                    const at::Tensor& addend = {});

}  // namespace espalier
