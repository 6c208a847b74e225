#include "espalier/deploy/quiet_model.h"

#include "espalier/tensor/torch.h"

namespace espalier {

QuietModel::QuietModel(torch::nn::Module& model) {
  for (const auto& module : model.modules()) modes_.emplace_back(module, module->is_training());
  for (const at::Tensor& parameter : model.parameters())
    if (parameter.requires_grad()) learned_.push_back(parameter);
  model.eval();
  for (at::Tensor& parameter : learned_) parameter.set_requires_grad(false);
}

QuietModel::~QuietModel() {
  for (at::Tensor& parameter : learned_) parameter.set_requires_grad(true);
  for (auto& [module, training] : modes_)
    if (module->is_training() != training) module->train(training);
}

}  // namespace espalier
