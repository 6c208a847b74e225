// The one door for pictures: what a file is is told by its first bytes, never by its suffix.
//
//   Image photo = read_image("photo.jpg", {.channels = Channels::rgb, .min_side = 224});
//   Image same = decode_image(bytes, {});
#pragma once

#include <string_view>

#include "espalier/core/files.h"
#include "espalier/format/convert.h"

namespace espalier {

struct ReadImageConfig {
  Channels channels = Channels::opaque;  // gray or RGB; alpha is composited over white
  int min_side = 0;  // > 0: the reader will shrink to this short side, so a JPEG may be decoded
                     // smaller, never below
};

// JPEG (upright, see jpeg.h) or PNG (see png.h). Throws Error(format) for damaged files and for
// what is no picture, Error(unsupported) for other kinds of picture, by name.
Image decode_image(std::string_view bytes, const ReadImageConfig& config = {});

// Also throws Error(io); every message names the path.
Image read_image(const fs::path& path, const ReadImageConfig& config = {});

}  // namespace espalier
