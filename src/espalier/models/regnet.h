// RegNetY (Radosavovic et al. 2020, arXiv 2003.13678, section 5: residual bottlenecks without
// bottleneck, grouped, with squeeze-and-excitation) in torchvision's form and under its parameter
// names (stem.0.weight, trunk_output.block1.block1-0.f.a.0.weight, fc.bias).
//
//   ImageModelPtr net = make_regnet({.depths = {1, 3, 6, 6}, .widths = {48, 104, 208, 440}});
#pragma once

#include <cstdint>
#include <vector>

#include "espalier/core/fields.h"
#include "espalier/models/model.h"

namespace espalier {

// Depths and widths are written out; the paper generates them from four numbers.
struct RegNetConfig {
  std::vector<int64_t> depths = {1, 3, 6, 6};  // blocks a stage; stage i works at stride 4 * 2^i
  std::vector<int64_t> widths = {48, 104, 208, 440};
  int64_t group_width = 8;      // channels a group of the 3x3 convolutions; divides each width
  double squeeze_ratio = 0.25;  // of the block's input channels; 0: no squeeze-and-excitation
  int64_t stem_width = 32;
  int64_t classes = 1000;
  int64_t in_channels = 3;
};
Fields fields(RegNetConfig& config);

// Any image size from 1 x 1. features() gives one map a stage. Throws Error(usage) for lists that
// are not four long and widths that the group width does not divide.
ImageModelPtr make_regnet(const RegNetConfig& config);

}  // namespace espalier
