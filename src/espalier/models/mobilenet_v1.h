// MobileNet (Howard et al. 2017, arXiv 1704.04861, table 1) with ReLU6, in timm's form and under its
// parameter names (conv_stem.weight, blocks.1.0.conv_dw.weight, classifier.bias): weights of its
// mobilenetv1_* fit.
//
//   ImageModelPtr net = make_mobilenet_v1({.width = 0.5, .classes = 40});
#pragma once

#include <cstdint>

#include "espalier/core/fields.h"
#include "espalier/models/model.h"

namespace espalier {

struct MobileNetV1Config {
  double width = 1;  // times the paper's channels, rounded to multiples of 8
  double dropout = 0;
  int64_t classes = 1000;
  int64_t in_channels = 3;
};
Fields fields(MobileNetV1Config& config);

// Any image size from 1 x 1. features(): strides 4, 8, 16 and 32.
ImageModelPtr make_mobilenet_v1(const MobileNetV1Config& config);

}  // namespace espalier
