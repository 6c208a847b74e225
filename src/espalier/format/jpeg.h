// JPEG: decoded upright (EXIF orientation applied), shrunk on the way where the reader will shrink
// it anyway.
//
//   Image photo = read_jpeg("photo.jpg", {.channels = Channels::rgb, .min_side = 256});
//   write_jpeg("small.jpg", photo, 90);
//
// Handled: baseline and progressive Huffman, 8 bits, gray, RGB, YCbCr, CMYK and YCCK (to RGB
// without a colour profile). Arithmetic coding, lossless and 12 bits are Error(unsupported). A file
// that ends too soon or whose picture data are damaged is Error(format): no made-up pixels.
#pragma once

#include <string>
#include <string_view>

#include "espalier/core/files.h"
#include "espalier/format/convert.h"

namespace espalier {

struct JpegConfig {
  Channels channels = Channels::stored;
  // > 0: decode at the smallest of 1/8, 1/4, 1/2, 1 whose short side is not below this
  int min_side = 0;
};

// What the markers before the picture data say.
struct JpegHeader {
  int width = 0, height = 0;  // as stored, before the orientation
  int components = 0;         // 1 gray, 3 colour, 4 CMYK
  int orientation = 1;        // 1..8; damaged EXIF counts as 1
  bool adobe = false;         // Adobe's marker: CMYK is stored inverted
  size_t frame = 0;           // byte behind the frame's length: precision, height, width, ...
  size_t scan = 0;            // byte at which the first scan begins
};

// Throws Error(format | unsupported).
JpegHeader parse_jpeg_header(std::string_view bytes);

Image decode_jpeg(std::string_view bytes, const JpegConfig& config = {});
Image read_jpeg(const fs::path& path,
                const JpegConfig& config = {});  // errors name the path; also Error(io)

// `image` has 1 or 3 channels; quality 1..100. Colour is stored at full resolution (4:4:4) from
// quality 90 on.
std::string encode_jpeg(const Image& image, int quality = 90);
void write_jpeg(const fs::path& path, const Image& image, int quality = 90);

}  // namespace espalier
