// The blocks of a stage one after the other: where activation checkpointing (tensor/recompute.h)
// takes hold of a network.
//
//   at::Tensor c2 = run_blocks(layer1_, x);
#pragma once

#include <ATen/core/Tensor.h>

namespace torch::nn {
class Sequential;
}

namespace espalier {

// blocks->forward(x), each block recomputed in its backward pass while a Recompute scope lives.
at::Tensor run_blocks(torch::nn::Sequential& blocks, const at::Tensor& x);

}  // namespace espalier
