#include "espalier/train/finite.h"

#include <algorithm>

#include <fmt/format.h>

#include "espalier/tensor/stored.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

// The first of `tensors` that is not finite, and how many others are not.
std::string first_nonfinite(const NamedTensors& tensors) {
  torch::NoGradGuard guard;
  std::string first;
  int64_t others = 0;
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.is_floating_point()) continue;
    int64_t bad = tensor.numel() - at::isfinite(tensor).sum().item<int64_t>();
    if (bad == 0) continue;
    if (first.empty())
      first = fmt::format("{} ({} of {} values)", name, bad, tensor.numel());
    else
      ++others;
  }
  return others == 0 ? first : fmt::format("{} and {} more", first, others);
}

}  // namespace

std::string nonfinite_weights(const torch::nn::Module& module) {
  return first_nonfinite(module_state(module));
}

std::string nonfinite_gradients(const torch::nn::Module& module) {
  NamedTensors gradients;
  for (const auto& item : module.named_parameters())
    if (item.value().grad().defined()) gradients.emplace_back(item.key(), item.value().grad());
  std::reverse(gradients.begin(), gradients.end());
  return first_nonfinite(gradients);
}

}  // namespace espalier
