// SqueezeNet (Iandola et al. 2016, arXiv 1602.07360): no norms, few parameters. Both releases in
// torchvision's form and under its parameter names (features.3.squeeze.weight, classifier.1.bias).
//
//   ImageModelPtr net = make_squeezenet({.light = true, .classes = 40});
#pragma once

#include <cstdint>

#include "espalier/core/fields.h"
#include "espalier/models/model.h"

namespace espalier {

struct SqueezeNetConfig {
  bool light =
      false;  // release 1.1: a smaller first convolution, earlier pooling, 0.43 of the work
  double dropout = 0.5;  // before the last layer, which is a convolution
  int64_t classes = 1000;
  int64_t in_channels = 3;
};
Fields fields(SqueezeNetConfig& config);

// Any image size from 1 x 1: the first convolution is not padded, so sides below 21 pixels are filled
// up with zeros. features(): strides 4, 8 and 16.
ImageModelPtr make_squeezenet(const SqueezeNetConfig& config);

}  // namespace espalier
