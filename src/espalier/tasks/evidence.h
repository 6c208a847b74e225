// Where a classifier looks: a map of how much each place of the image speaks for a class.
//
//   std::vector<Raster<float>> maps = evidence_maps(model, images, {3, 7});   // two images, a class for each
//   Image shown = overlay_heat(picture, maps[0]);
#pragma once

#include <cstdint>
#include <vector>

#include "espalier/format/image.h"
#include "espalier/models/model.h"

namespace espalier {

// images: N x C x H x W as the model takes them; classes: N ids. A map is a grid coarser than the image, one channel, 0..1,
// its largest value 1 (all 0: nothing speaks for the class). Gradient-weighted class activation (Grad-CAM, Selvaraju
// et al. 2017, eq. 1 and 2) on the last of model.features(); for a net that ends in mean and linear layer this is the
// class activation map of Zhou et al. 2016. Where the model has no features (a network read from ONNX): occlusion by the
// image's mean on a 7 x 7 grid, the drop of the class's probability.
std::vector<Raster<float>> evidence_maps(ImageModel& model,
                                         const at::Tensor& images,
                                         const std::vector<int64_t>& classes);

}  // namespace espalier
