// Stochastic depth (Huang et al. 2016, arXiv 1603.09382): in training a residual branch is left out
// for some of the pictures.
//
//   return x + drop_path(branch, 0.1, is_training());
#pragma once

#include <ATen/core/Tensor.h>

namespace espalier {

// branch: N x ..., each of the N kept with probability 1 - `share` and then divided by it, so that
// the mean stays; as it is when not training. share: 0 .. below 1. Draws from LibTorch's generator.
at::Tensor drop_path(const at::Tensor& branch, double share, bool training);

}  // namespace espalier
