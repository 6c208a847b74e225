// The blocks of a stage one after the other: where activation checkpointing (tensor/recompute.h)
// takes hold of a network.
//
//   at::Tensor c2 = run_blocks(*layer1_, x);
//   for (const auto& block : stage) x = run_block(*block, x);
#pragma once

#include "espalier/tensor/recompute.h"

namespace torch::nn {
class SequentialImpl;
}

namespace espalier {

// block.forward(x), recomputed in its backward pass while a Recompute scope lives.
template <class Block>
at::Tensor run_block(Block& block, const at::Tensor& x) {
  return recomputed(
      block, [&block](const at::Tensor& in) { return block.forward(in); }, x);
}

// blocks.forward(x), each block for itself as in run_block().
at::Tensor run_blocks(torch::nn::SequentialImpl& blocks, const at::Tensor& x);

}  // namespace espalier
