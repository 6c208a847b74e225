// The names under which others publish the weights of nets that we have under torchvision's or timm's.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "espalier/models/model.h"

namespace espalier {

struct Naming {
  std::string whose;                                  // "" when they are ours
  std::unordered_map<std::string, std::string> ours;  // our name of each of theirs
};

// Ours first. EfficientNet-PyTorch's (_blocks.3._expand_conv.weight) for the tf_efficientnet_lite
// rows: such files hold Google's weights, which want TensorFlow's padding. timm's for the rows that have
// torchvision's: convnext, regnet_y, mobilenet_v2.
std::vector<Naming> known_namings(const ImageModel& net);

}  // namespace espalier
