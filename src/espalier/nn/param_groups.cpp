#include "espalier/nn/param_groups.h"

#include "espalier/tensor/torch.h"

namespace espalier {

ParameterGroups split_by_decay(const torch::nn::Module& module) {
  ParameterGroups groups;
  for (const torch::Tensor& parameter : module.parameters()) {
    if (!parameter.requires_grad()) continue;
    (parameter.dim() >= 2 ? groups.decayed : groups.not_decayed).push_back(parameter);
  }
  return groups;
}

}  // namespace espalier
