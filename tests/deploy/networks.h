// Small networks for the tests of this room: any function over registered layers as an ImageModel.
#pragma once

#include <fstream>
#include <functional>

#include <torch/torch.h>

#include "espalier/models/model.h"

namespace espalier {

// Net net({{"conv", conv}}, [=](torch::Tensor x) mutable { return conv->forward(x); });
class FunctionModel : public ImageModel {
 public:
  using Function = std::function<torch::Tensor(const torch::Tensor&)>;

  FunctionModel(std::vector<std::pair<std::string, std::shared_ptr<torch::nn::Module>>> layers,
                Function function)
      : function_(std::move(function)) {
    for (auto& [name, layer] : layers) register_module(name, layer);
  }
  torch::Tensor forward(const torch::Tensor& images) override { return function_(images); }
  std::vector<torch::Tensor> features(const torch::Tensor& images) override {
    return {function_(images)};
  }

 private:
  Function function_;
};

inline std::shared_ptr<FunctionModel> make_net(
    std::vector<std::pair<std::string, std::shared_ptr<torch::nn::Module>>> layers,
    FunctionModel::Function function) {
  return std::make_shared<FunctionModel>(std::move(layers), std::move(function));
}

// Norms as training leaves them: no gamma 1, mean 0. Fresh nets hide mistakes (gammas of 0 cut
// branches off).
inline void shake_norms(torch::nn::Module& model, uint64_t seed = 1) {
  torch::manual_seed(seed);
  torch::NoGradGuard no_gradients;
  for (const auto& module : model.modules()) {
    auto shake = [](auto* norm) {
      if (norm->weight.defined()) norm->weight.uniform_(0.5, 1.2);
      if (norm->bias.defined()) norm->bias.uniform_(-0.3, 0.3);
      norm->running_mean.uniform_(-0.3, 0.3);
      norm->running_var.uniform_(0.5, 1.5);
    };
    if (auto* norm = module->as<torch::nn::BatchNorm2d>()) shake(norm);
    if (auto* norm = module->as<torch::nn::BatchNorm1d>()) shake(norm);
    // ConvNeXt's branches begin at 1e-6 of themselves.
    for (auto& item : module->named_parameters(/*recurse=*/false))
      if (item.key() == "layer_scale") item.value().uniform_(0.1, 0.5);
  }
}

inline torch::Tensor random_images(torch::IntArrayRef shape, uint64_t seed = 7) {
  torch::manual_seed(seed);
  return torch::randn(shape);
}

// The module itself, in evaluation mode.
inline torch::Tensor eager(ImageModel& model, const torch::Tensor& images) {
  torch::NoGradGuard no_gradients;
  model.eval();
  return model.forward(images);
}

inline void save_floats(const std::string& path, const torch::Tensor& values) {
  torch::Tensor flat = values.contiguous();
  std::ofstream stream(path, std::ios::binary);
  stream.write(static_cast<const char*>(flat.const_data_ptr()),
               static_cast<std::streamsize>(flat.nbytes()));
}

// Largest difference, relative to the largest value.
inline double relative_difference(const torch::Tensor& a, const torch::Tensor& b) {
  if (a.sizes() != b.sizes()) return std::numeric_limits<double>::infinity();
  return ((a - b).abs().max() / b.abs().max().clamp_min(1e-6)).item<double>();
}

}  // namespace espalier
