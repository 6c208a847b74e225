#include "espalier/nn/run_blocks.h"

#include "espalier/tensor/torch.h"

namespace espalier {

at::Tensor run_blocks(torch::nn::SequentialImpl& blocks, const at::Tensor& x) {
  at::Tensor y = x;
  for (torch::nn::AnyModule& block : blocks)
    y = recomputed(
        *block.ptr(), [&block](const at::Tensor& in) { return block.forward(in); }, y);
  return y;
}

}  // namespace espalier
