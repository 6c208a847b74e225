// What every image classifier of the zoo is: a module whose children carry torchvision's parameter
// names, that knows the name and the arguments it was made from, so that a model file rebuilds it
// in a fresh process.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <torch/nn/module.h>

namespace espalier {

class ImageModel : public torch::nn::Module {
 public:
  // images: N x in_channels x H x W, float or bfloat16, normalised. Returns N x classes logits.
  virtual torch::Tensor forward(const torch::Tensor& images) {
    return head(features(images).back());
  }

  // The maps that a pyramid taps, finest first (ResNet: the outputs of layer1 .. layer4, after
  // ReLU). Empty where there are none to tap (a network read from ONNX), which then overrides
  // forward() instead.
  virtual std::vector<torch::Tensor> features(const torch::Tensor& images) = 0;

  // The logits that follow from the last of features().
  virtual torch::Tensor head(const torch::Tensor& last_map);

  std::string name;          // the row of the table: "resnet18"
  nlohmann::json arguments;  // every field of the family's config, as to_json(fields(config))
};

using ImageModelPtr = std::shared_ptr<ImageModel>;

}  // namespace espalier
