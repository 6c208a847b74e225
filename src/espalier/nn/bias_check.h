// Biases that do nothing: a batch norm subtracts the mean of its input, and with it any constant
// that the layer before added: its gradient in training is exactly 0.
//
//   for (const UselessBias& b : find_useless_biases(*net, [&] { return net->forward(example); }))
//     say(b.layer + " feeds " + b.norm + ": its bias has no effect; make it without");
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace torch::nn {
class Module;
}

namespace espalier {

struct UselessBias {
  std::string layer;  // "stem.conv": a convolution or a linear layer
  std::string norm;   // the batch norm it feeds; empty when that has no gamma to know it by
  int64_t values;     // parameters that could go
};

// Runs `forward` once with the batch norms in training mode and reads the recorded autograd graph:
// a bias is named when every use of its layer's output is the input of a batch norm, and (the
// structure could hide frozen statistics) when its gradient under a random projection of the output
// is indeed 0 beside that of the layer's weight. Frozen norms (nn/norms.h) therefore do not count.
// `forward` returns one tensor that depends on the layers of interest and uses at least two values
// a channel. Statistics, gradients and modes are as before afterwards.
std::vector<UselessBias> find_useless_biases(torch::nn::Module& net,
                                             const std::function<at::Tensor()>& forward);

}  // namespace espalier
