// How weights begin. The choice is recorded here, because a paper's figures depend on it as much as
// on its layers.
//
//   init_convolutions(*net);            // every convolution: normal, deviation sqrt(2 / fan_out)
//   zero_gamma(*block->bn2);            // a residual block that starts as the identity
#pragma once

#include <torch/nn/module.h>

namespace espalier {

// Every convolution under `module`: weight normal with deviation sqrt(2 / fan_out) (He et al. 2015,
// arXiv 1502.01852, eq. 14: it keeps the deviation of gradients through ReLU), bias 0. Everything
// else keeps LibTorch's own beginning: batch norms gamma 1 and beta 0, linear layers uniform in
// +-1/sqrt(fan_in). Draws from LibTorch's generator.
void init_convolutions(torch::nn::Module& module);

// The same with the fan of one group, fan_out / groups, as TensorFlow's mobile nets and timm's ports
// of them begin: depthwise weights are larger by the root of the channels.
void init_convolutions_by_group(torch::nn::Module& module);

// Every convolution and linear layer of `module`, itself included: weight normal with this
// deviation, bias 0.
void init_normal(torch::nn::Module& module, double deviation);

// A linear layer: weight uniform in +-1/sqrt(outputs), bias 0 (the heads of TensorFlow's mobile
// nets). Throws Error(internal) for another module.
void init_by_outputs(torch::nn::Module& linear);

// Sets the weight of a norm to 0 (Goyal et al. 2017, arXiv 1706.02677, section 5.1, for the last
// norm of a residual branch). Throws Error(internal) when the module has no weight.
void zero_gamma(torch::nn::Module& norm);

}  // namespace espalier
