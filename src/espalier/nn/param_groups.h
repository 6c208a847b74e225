// Which parameters weight decay may pull: all but norms and biases (Goyal et al. 2017, arXiv
// 1706.02677, section 5.3; decay of a gamma followed by a convolution changes nothing but the
// effective learning rate).
//
//   ParameterGroups groups = split_by_decay(*net);
//   for (auto& [name, weight] : groups.decayed) ...
#pragma once

#include "espalier/tensor/stored.h"

namespace torch::nn {
class Module;
}

namespace espalier {

struct ParameterGroups {
  NamedTensors decayed;      // weights with two or more dimensions
  NamedTensors not_decayed;  // norms, biases and other vectors and scalars
};

// In the module's order; parameters that do not learn (requires_grad off) are in neither.
ParameterGroups split_by_decay(const torch::nn::Module& module);

}  // namespace espalier
