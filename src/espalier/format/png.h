// PNG: every depth (1, 2, 4, 8, 16 bits), colour type, transparency and interlacing, as 8 bits, as
// 16 bits, or as the bare numbers that a label mask stores.
//
//   Image picture = read_png("leaf.png", Channels::rgb);
//   Image classes = read_png_labels("leaf_mask.png");   // palette indices, not colours
//   write_png("out.png", picture);
//
// Every reader throws Error(format) for damaged or cut files (each CRC is checked),
// Error(unsupported) for more than kMostPixels; those that take a path also throw Error(io), and
// name the path. Colour profiles and gamma are ignored.
#pragma once

#include <string>
#include <string_view>

#include "espalier/core/files.h"
#include "espalier/format/convert.h"

namespace espalier {

// 8 bits a sample; fewer are widened to the full scale, 16 are rounded; a palette becomes RGB (RGBA
// with tRNS).
Image decode_png(std::string_view bytes, Channels channels = Channels::stored);
Image read_png(const fs::path& path, Channels channels = Channels::stored);

// 16 bits a sample, fewer are widened to the full scale; gray (1 channel), RGB (3) or RGBA (4).
Image16 decode_png16(std::string_view bytes);
Image16 read_png16(const fs::path& path);

// One channel of the numbers as stored: palette indices, or gray of at most 8 bits, not widened.
// Colour pictures are Error(data), 16 bits Error(unsupported).
Image decode_png_labels(std::string_view bytes);
Image read_png_labels(const fs::path& path);

// Images of 1 (gray), 3 (RGB) or 4 (RGBA) channels.
std::string encode_png(const Image& image);
std::string encode_png16(const Image16& image);
void write_png(const fs::path& path, const Image& image);
void write_png16(const fs::path& path, const Image16& image);

}  // namespace espalier
