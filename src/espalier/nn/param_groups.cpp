#include "espalier/nn/param_groups.h"

#include "espalier/tensor/torch.h"

namespace espalier {

ParameterGroups split_by_decay(const torch::nn::Module& module) {
  ParameterGroups groups;
  for (const auto& item : module.named_parameters()) {
    const torch::Tensor& parameter = item.value();
    if (!parameter.requires_grad()) continue;
    (parameter.dim() >= 2 ? groups.decayed : groups.not_decayed)
        .emplace_back(item.key(), parameter);
  }
  return groups;
}

}  // namespace espalier
