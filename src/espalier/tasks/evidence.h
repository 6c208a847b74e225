// Where a classifier looks: a map of how much each place of the image speaks for a class.
//
//   EvidenceMap map = evidence_map(model, images, {3});     // one image a row, one class an image
#pragma once

#include <cstdint>
#include <vector>

#include "espalier/models/model.h"

namespace espalier {

struct EvidenceMap {
  int width = 0, height = 0;   // of the grid, coarser than the image
  std::vector<float> values;   // row by row, 0..1, the largest is 1 (all 0: nothing speaks for the class)
};

// images: N x C x H x W as the model takes them; classes: N ids. Gradient-weighted class activation (Grad-CAM, Selvaraju
// et al. 2017, eq. 1 and 2) on the last of model.features(); for a net that ends in mean and linear layer this is the
// class activation map of Zhou et al. 2016. Where the model has no features (a network read from ONNX): occlusion by the
// image's mean on a 7 x 7 grid, the drop of the class's probability.
std::vector<EvidenceMap> evidence_maps(ImageModel& model,
                                       const at::Tensor& images,
                                       const std::vector<int64_t>& classes);

}  // namespace espalier
