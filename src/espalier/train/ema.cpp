#include "espalier/train/ema.h"

#include <algorithm>

#include "espalier/tensor/torch.h"

namespace espalier {

Ema::Ema(torch::nn::Module& module, double decay) : decay_(decay) {
  for (const auto& [name, tensor] : module_state(module)) {
    names_.push_back(name);
    live_.push_back(tensor.detach());
  }
  for (const at::Tensor& tensor : live_) average_.push_back(tensor.clone());
}

void Ema::update(int64_t step) {
  torch::NoGradGuard guard;
  double t = static_cast<double>(step);
  double decay = std::min(decay_, (1 + t) / (10 + t));
  std::vector<at::Tensor> averages, lives;
  for (size_t i = 0; i < live_.size(); ++i) {
    if (!live_[i].is_floating_point()) {
      average_[i].copy_(live_[i]);
      continue;
    }
    averages.push_back(average_[i]);
    lives.push_back(live_[i]);
  }
  at::_foreach_lerp_(averages, lives, 1 - decay);
}

NamedTensors Ema::state() const {
  NamedTensors tensors;
  for (size_t i = 0; i < names_.size(); ++i) tensors.emplace_back("ema." + names_[i], average_[i]);
  return tensors;
}

void Ema::exchange() {
  torch::NoGradGuard guard;
  for (size_t i = 0; i < live_.size(); ++i) {
    at::Tensor kept = live_[i].clone();
    live_[i].copy_(average_[i]);
    average_[i].copy_(kept);
  }
}

Ema::Swap::Swap(Ema* ema) : ema_(ema) {
  if (ema_) ema_->exchange();
}

Ema::Swap::~Swap() {
  if (ema_) ema_->exchange();
}

}  // namespace espalier
