#include "espalier/train/swa.h"

#include "espalier/tensor/torch.h"

namespace espalier {

Swa::Swa(torch::nn::Module& module) : module_(module), count_(at::zeros({}, at::kLong)) {
  for (const auto& item : module.named_parameters()) {
    names_.push_back(item.key());
    live_.push_back(item.value().detach());
    mean_.push_back(at::zeros_like(live_.back()));
  }
}

void Swa::add() {
  torch::NoGradGuard guard;
  count_.add_(1);
  at::_foreach_lerp_(mean_, live_, 1 / count_.item<double>());
}

int64_t Swa::count() const {
  return count_.item<int64_t>();
}

NamedTensors Swa::state() const {
  NamedTensors tensors;
  for (size_t i = 0; i < names_.size(); ++i) tensors.emplace_back("swa." + names_[i], mean_[i]);
  tensors.emplace_back("swa.count", count_);
  return tensors;
}

Swa::Scope::Scope(const Swa& swa) {
  torch::NoGradGuard guard;
  for (const auto& [name, tensor] : module_state(swa.module_))
    kept_.emplace_back(tensor.detach(), tensor.detach().clone());
  for (size_t i = 0; i < swa.live_.size(); ++i) swa.live_[i].copy_(swa.mean_[i]);
}

Swa::Scope::~Scope() {
  torch::NoGradGuard guard;
  for (auto& [live, before] : kept_) live.copy_(before);
}

}  // namespace espalier
