// A part of a JPEG photograph, decoded no further than to its stored planes: luma, and chroma at the resolution that the
// file has. Entropy decoding goes through the rows above the part and stops below it; the inverse transform, most of the
// rest, sees the part alone. For readers that resample anyway and convert to RGB afterwards, when fewer pixels are left.
//
//   thread_local JpegPart part;                       // keeps its memory from picture to picture
//   if (decode_jpeg_part(bytes, header, {.left = 100, .top = 40, .width = 300, .height = 300}, 1, part))
//     use(part.planes[0].row(0));
//   else
//     crop(decode_jpeg(bytes));                       // a file of another kind, or a damaged one
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "espalier/format/jpeg.h"

namespace espalier {

struct PixelRect {
  int left = 0, top = 0, width = 0, height = 0;
};

// One plane of samples. Sample (x, y) covers luma pixels [origin + x * step, origin + (x + 1) * step) of the picture,
// along each axis, in the full-size picture's pixels.
struct JpegPlane {
  std::vector<uint8_t> samples;
  int width = 0, height = 0, stride = 0;
  double left = 0, top = 0;       // of the first sample's edge, full-size pixels
  double step_x = 1, step_y = 1;  // full-size pixels a sample

  const uint8_t* row(int y) const {
    return samples.data() + static_cast<size_t>(y) * static_cast<size_t>(stride);
  }
};

struct JpegPart {
  int count = 0;  // 1: gray, 3: Y, Cb, Cr (Rec. 601, full range, as JFIF has them)
  std::array<JpegPlane, 3> planes;
};

// `rect` is inside the picture, in its full-size pixels; the planes cover at least it, to the picture's own edge. `shrink`
// 1, 2, 4 or 8: decode at that fraction of the size. The inverse transform is libjpeg-turbo's accurate one (JDCT_ISLOW:
// the fast one gains 3 % of a picture's time and costs accuracy); chroma is not upsampled here, so neither "fancy" nor
// merged upsampling applies.
//
// False, with `part` undefined, for everything that is not a sound upright file of the usual kind: progressive, CMYK, RGB
// or unusually subsampled, turned by EXIF, cut short (its end marker is missing), or damaged in the rows that were read.
// decode_jpeg() reads or refuses those. What lies below the part is not looked at.
bool decode_jpeg_part(std::string_view bytes,
                      const JpegHeader& header,
                      const PixelRect& rect,
                      int shrink,
                      JpegPart& part);

}  // namespace espalier
