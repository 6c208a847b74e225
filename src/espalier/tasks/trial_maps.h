// The shapes of a network's feature maps, found by trying, for methods that put heads on them.
//
//   int64_t places = trial_maps(*model, "dcl", 1, /*channels=*/3, /*side=*/448).back().size(2);   // 14
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "espalier/models/model.h"

namespace espalier {

// What features() gives for one empty image of this side, in evaluation mode; the model keeps its mode.
// Throws Error(unsupported) naming method and network when there are fewer than `least` maps.
std::vector<at::Tensor> trial_maps(
    ImageModel& model, const std::string& method, size_t least, int64_t channels, int64_t side);

}  // namespace espalier
