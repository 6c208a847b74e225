#include "espalier/models/input_view.h"

namespace espalier {

InputView published_view(const std::string& model) {
  if (model.starts_with("tf_efficientnet_lite")) {
    constexpr double kMean = 127.0 / 255, kDeviation = 128.0 / 255;
    return {.mean = {kMean, kMean, kMean},
            .std = {kDeviation, kDeviation, kDeviation},
            .crop_share = 0.875,
            .source = "(x - 127) / 128, of Google's EfficientNet-Lite"};
  }
  if (model == "vit_small" || model == "mobilenet_v1")
    return {.mean = {0.5, 0.5, 0.5},
            .std = {0.5, 0.5, 0.5},
            .crop_share = model == "vit_small" ? 0.9 : 0.875,
            .source = "0.5 and 0.5, of timm's weights"};
  const bool small = model == "resnet20" || model == "resnet32" || model == "resnet56";
  return {.mean = {0.485, 0.456, 0.406},
          .std = {0.229, 0.224, 0.225},
          .crop_share = small ? 1 : 0.875,
          .source = "ImageNet's mean and deviation"};
}

}  // namespace espalier
