// Activation checkpointing (Chen et al. 2016, arXiv 1604.06174): a block keeps its input alone and
// computes what its backward pass needs once more when that pass comes. About a third more time,
// and the memory of one block in the place of all.
//
//   Recompute scope(config.recompute);
//   y = recomputed(block, [&](const at::Tensor& x) { return block.forward(x); }, x);
#pragma once

#include <functional>

#include <ATen/core/Tensor.h>

namespace torch::nn {
class Module;
}

namespace espalier {

// For as long as it lives, recomputed() in this thread does what it says, when `on`.
class Recompute {
 public:
  explicit Recompute(bool on);
  ~Recompute();
  Recompute(const Recompute&) = delete;
  Recompute& operator=(const Recompute&) = delete;

 private:
  bool before_;
};

// forward(x), where `forward` runs `block` and nothing else that learns. Without a Recompute scope,
// or without gradients, just that. The second run sees the same arithmetic (Autocast) and the same
// random numbers, and leaves the block's buffers as the first one made them, so that every bit,
// running statistics included, is that of a step without recomputing.
//
// `block` and what `forward` refers to must live until the backward pass is over.
at::Tensor recomputed(torch::nn::Module& block,
                      const std::function<at::Tensor(const at::Tensor&)>& forward,
                      const at::Tensor& x);

}  // namespace espalier
