// ConvNeXt (Liu et al. 2022, arXiv 2201.03545, section 2) in torchvision's form and under its
// parameter names (features.0.0.weight, features.1.0.block.0.weight, classifier.2.bias).
//
//   ImageModelPtr net = make_convnext({.classes = 40});   // tiny
#pragma once

#include <cstdint>
#include <vector>

#include "espalier/core/fields.h"
#include "espalier/models/model.h"

namespace espalier {

struct ConvNeXtConfig {
  std::vector<int64_t> depths = {3, 3, 9, 3};  // blocks a stage; stage i works at stride 4 * 2^i
  std::vector<int64_t> widths = {96, 192, 384, 768};
  double drop_path = 0.1;     // share of pictures whose branch is left out in the last block in
                              // training; less in those before it, down to 0 in the first
  double layer_scale = 1e-6;  // what each branch is multiplied by at the beginning
  int64_t classes = 1000;
  int64_t in_channels = 3;
};
Fields fields(ConvNeXtConfig& config);

// Any image size; sides below 32 pixels are padded to that with zeros, others lose what does not
// divide by 32 at right and bottom. features() gives one map a stage. Throws Error(usage) for lists
// that are not four long.
ImageModelPtr make_convnext(const ConvNeXtConfig& config);

}  // namespace espalier
