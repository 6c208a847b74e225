// Weights and inputs by formula, the same numbers as tests/golden/formula.py makes (which states
// the formula).
//
//   fill_module(*net);  torch::Tensor x = input_images({2, 3, 32, 32});
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "espalier/tensor/stored.h"
#include "espalier/tensor/torch.h"

namespace espalier {

inline std::vector<double> signed_uniform(const std::string& name, int64_t count) {
  uint64_t hash = 0xCBF29CE484222325;
  for (unsigned char byte : name) hash = (hash ^ byte) * 0x100000001B3;
  std::vector<double> values(static_cast<size_t>(count));
  for (double& value : values) {
    hash += 0x9E3779B97F4A7C15;
    uint64_t z = hash;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    z ^= z >> 31;
    value = static_cast<double>(z >> 40) * 0x1p-23 - 1.0;
  }
  return values;
}

// scale * u + offset for each element, in double, rounded once.
inline void fill_tensor(const torch::Tensor& tensor,
                        const std::string& name,
                        double scale,
                        double offset) {
  torch::NoGradGuard no_grad;
  std::vector<double> values = signed_uniform(name, tensor.numel());
  for (double& value : values) value = value * scale + offset;
  tensor.copy_(torch::from_blob(values.data(), tensor.sizes(), torch::kDouble));
}

// `gain`: of norms, see formula.py.
inline void fill_module(torch::nn::Module& module, double gain = 0.5) {
  for (const auto& [name, tensor] : module_state(module)) {
    auto ends = [&, &name = name](const char* end) { return name.ends_with(end); };
    if (ends("num_batches_tracked")) continue;
    if (tensor.dim() >= 2) {
      double fan_in = static_cast<double>(tensor.numel() / tensor.size(0));
      fill_tensor(tensor, name, std::sqrt(6.0 / fan_in), 0);
    } else if (ends("running_var")) {
      fill_tensor(tensor, name, 0.5, 1);
    } else if (ends("running_mean")) {
      fill_tensor(tensor, name, 0.2, 0);
    } else if (ends("weight")) {
      fill_tensor(tensor, name, 0.2, gain);
    } else {
      fill_tensor(tensor, name, 0.1, 0);
    }
  }
}

inline torch::Tensor input_images(at::IntArrayRef shape) {
  torch::Tensor images = torch::empty(shape);
  fill_tensor(images, "input", std::sqrt(3.0), 0);
  return images;
}

}  // namespace espalier
