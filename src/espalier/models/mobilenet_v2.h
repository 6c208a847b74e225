// MobileNetV2 (Sandler et al. 2018, arXiv 1801.04381, table 2) in torchvision's form and under its
// parameter names (features.1.conv.0.0.weight, classifier.1.bias).
//
//   ImageModelPtr net = make_mobilenet_v2({.width = 0.5, .classes = 40});
#pragma once

#include <cstdint>

#include "espalier/core/fields.h"
#include "espalier/models/model.h"

namespace espalier {

struct MobileNetV2Config {
  double width =
      1;  // times the paper's channels, rounded to multiples of 8; the last layer of 1280
          // channels grows with it, but does not shrink
  double dropout = 0.2;  // before the last layer
  int64_t classes = 1000;
  int64_t in_channels = 3;
};
Fields fields(MobileNetV2Config& config);

// Any image size from 1 x 1. features(): strides 4, 8, 16 and 32.
ImageModelPtr make_mobilenet_v2(const MobileNetV2Config& config);

}  // namespace espalier
