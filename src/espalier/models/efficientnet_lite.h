// EfficientNet-Lite (Tan and Le 2019, arXiv 1905.11946, without squeeze-and-excitation and with
// ReLU6, as published in 2020 for small devices) in timm's form and under its parameter names
// (conv_stem.weight, blocks.1.0.conv_pwl.weight, classifier.bias).
//
//   ImageModelPtr net = make_efficientnet_lite({.width = 1.1, .depth = 1.2, .classes = 40});
#pragma once

#include <cstdint>

#include "espalier/core/fields.h"
#include "espalier/models/model.h"

namespace espalier {

struct EfficientNetLiteConfig {
  double width = 1;         // times the channels of lite0, rounded to multiples of 8; stem and last
                            // convolution keep theirs
  double depth = 1;         // times the blocks of the middle stages, rounded up
  bool tensorflow = false;  // TensorFlow's form, of the published weights (timm's tf_ names):
                            // padding "same", which at stride 2 is uneven, and 1e-3 in the norms
  double dropout = 0.2;     // before the last layer
  int64_t classes = 1000;
  int64_t in_channels = 3;
};
Fields fields(EfficientNetLiteConfig& config);

// Any image size from 1 x 1. features(): strides 4, 8, 16 and 32.
ImageModelPtr make_efficientnet_lite(const EfficientNetLiteConfig& config);

}  // namespace espalier
