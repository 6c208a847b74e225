// ShuffleNetV2 (Ma et al. 2018, arXiv 1807.11164, table 5) in torchvision's form and under its
// parameter names (conv1.0.weight, stage2.0.branch1.0.weight, fc.bias).
//
//   ImageModelPtr net = make_shufflenet_v2({.channels = {24, 48, 96, 192, 1024}});   // x0.5
#pragma once

#include <cstdint>
#include <vector>

#include "espalier/core/fields.h"
#include "espalier/models/model.h"

namespace espalier {

struct ShuffleNetV2Config {
  std::vector<int64_t> depths = {4, 8, 4};  // blocks of stages 2, 3 and 4
  // Of the stem, of the three stages (even: each block works on one half) and of the last layer.
  std::vector<int64_t> channels = {24, 116, 232, 464, 1024};
  int64_t classes = 1000;
  int64_t in_channels = 3;
};
Fields fields(ShuffleNetV2Config& config);

// Any image size from 1 x 1. features(): strides 4, 8, 16 and 32. Throws Error(usage) for lists of
// another length or an odd stage.
ImageModelPtr make_shufflenet_v2(const ShuffleNetV2Config& config);

}  // namespace espalier
