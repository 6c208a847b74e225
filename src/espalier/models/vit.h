// Vision transformer (Dosovitskiy et al. 2020, arXiv 2010.11929, section 3.1) in timm's form and
// under its parameter names (patch_embed.proj.weight, blocks.0.attn.qkv.weight, head.bias).
//
//   ImageModelPtr net = make_vit({.classes = 40});   // small, 16-pixel patches
#pragma once

#include <cstdint>

#include "espalier/core/fields.h"
#include "espalier/models/model.h"

namespace espalier {

struct ViTConfig {
  int64_t image_size = 224;  // side at which the learned positions stand
  int64_t patch = 16;        // side of a patch in pixels
  int64_t width = 384;       // numbers a token
  int64_t depth = 12;        // blocks
  int64_t heads = 6;         // divides the width
  double drop_path = 0;      // share of pictures whose branches are left out in the last block in
                             // training; less in those before it, down to 0 in the first
  int64_t classes = 1000;
  int64_t in_channels = 3;
};
Fields fields(ViTConfig& config);

// Any image size: where it is not image_size, the positions are resized to the grid of patches
// (bicubic with antialiasing) and images are padded with zeros to whole patches, as timm does with
// dynamic_img_size and dynamic_img_pad. Its traced graph takes the traced size only. No features():
// the class token is not made of the last map. Throws Error(usage) for an image_size that patches
// do not divide, and a width that heads do not.
ImageModelPtr make_vit(const ViTConfig& config);

}  // namespace espalier
