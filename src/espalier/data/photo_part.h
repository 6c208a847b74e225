// Photographs that are decoded only where they are shown: what a random resized crop does to a file. JPEG's planes are
// resampled as they are stored and become RGB at the size of the result, so that neither chroma nor colours are computed
// for pixels that are averaged away.
//
//   Image file = read_undecoded("photo.jpg");
//   if (is_undecoded(file)) view = read_photo_part(file, {.left = 80, .top = 20, .width = 300, .height = 260}, 224, 224);
#pragma once

#include "espalier/core/files.h"
#include "espalier/format/image.h"
#include "espalier/format/jpeg_part.h"

namespace espalier {

// A reader that takes undecoded photographs asks for them by this `min_side` of Dataset::read. Data sets that have no
// files read as with 0.
constexpr int kUndecoded = -1;

// A JPEG file as an image of the photograph's size without channels, whose `pixels` are the file's bytes. Every other
// picture (PNG; JPEG turned by EXIF) is decoded to RGB. Throws as read_image().
Image read_undecoded(const fs::path& path);
inline bool is_undecoded(const Image& image) {
  return image.channels == 0 && !image.empty();
}

// `part` lies inside the photograph, in its pixels. RGB, as decoding all, cutting and resize() give it but for chroma,
// which is interpolated once instead of twice (mean difference about half a level). Files that cannot be read in part
// are decoded whole, with the errors of decode_jpeg(). Of a file that is sound to its end but damaged below the part,
// the part is given.
Image read_photo_part(const Image& file, const PixelRect& part, int width, int height);

}  // namespace espalier
