// What a decoder's pixels become before anybody else sees them: the wanted channels, upright.
//
//   Image rgb = to_channels(std::move(image), Channels::rgb);
//   Image upright = oriented(std::move(photo), 6);   // a camera held sideways
#pragma once

#include <cstdint>

#include "espalier/format/image.h"

namespace espalier {

// Alpha is composited over white, as a page shows it. Gray is luma of Rec. 601: 0.299 R + 0.587 G +
// 0.114 B.
enum class Channels {
  stored,  // gray, RGB or RGBA, as the file has it
  opaque,  // gray or RGB: alpha composited
  gray,    // 1 channel
  rgb,     // 3 channels
};

// `image` has 1 (gray), 2 (gray, alpha), 3 (RGB) or 4 (RGBA) channels; 2 channels become RGBA under
// `stored`.
Image to_channels(Image image, Channels wanted);

// Undoes an EXIF orientation, 1..8 (1: nothing to do; 6: turn clockwise; see CIPA DC-008, tag
// 0x0112).
Image oriented(Image image, int orientation);

// Images with more pixels are refused by every decoder, before memory is taken.
constexpr int64_t kMostPixels = int64_t{1} << 28;

}  // namespace espalier
