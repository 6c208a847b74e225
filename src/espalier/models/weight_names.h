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
// rows: such files hold Google's weights, which want TensorFlow's padding.
std::vector<Naming> known_namings(const ImageModel& net);

// The input on which published weights of a net were trained, for files that do not say it.
struct InputView {
  std::vector<double> mean, std;  // of each channel, for samples in 0..1
  double crop_share = 1;          // part of the short side that is kept
  std::string resize = "crop";
  std::string source;  // who says so, for the log
};
InputView published_view(const std::string& model);

}  // namespace espalier
