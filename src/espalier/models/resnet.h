// Residual networks for photographs (He et al. 2015, arXiv 1512.03385, table 1), in torchvision's
// form: the stride of a bottleneck stands in its 3x3 convolution, and so do the parameter names
// (layer1.0.conv1.weight, fc.bias).
//
//   ImageModelPtr net = make_resnet({.depths = {3, 4, 6, 3}, .bottleneck = true, .classes = 40});
//   torch::Tensor logits = net->forward(images);   // N x 3 x H x W -> N x 40
#pragma once

#include <cstdint>
#include <vector>

#include "espalier/core/fields.h"
#include "espalier/models/model.h"

namespace espalier {

struct ResNetConfig {
  std::vector<int64_t> depths = {2, 2, 2,
                                 2};  // residual blocks a stage; stage i works at stride 4 * 2^i
  bool bottleneck = false;
  int64_t width = 64;  // channels of the first stage's 3x3 convolutions; doubles with each stage
  int64_t classes = 1000;
  int64_t in_channels = 3;
  bool zero_init_last_gamma = true;
};
Fields fields(ResNetConfig& config);

// Any image size from 1 x 1 (in training more than one value a channel must be left at stride 32:
// 33 x 33 or a batch of two). features() gives one map a stage. Leaves `name` empty: make_model
// sets it.
ImageModelPtr make_resnet(const ResNetConfig& config);

}  // namespace espalier
