// Masks in the two ways that COCO files state them.
//
//   std::vector<uint32_t> counts = rle_counts(instance.mask);
//   std::vector<Contour> edges = mask_contours(instance.mask);
#pragma once

#include <cstdint>
#include <vector>

#include "espalier/format/image.h"

namespace espalier {

// Lengths of runs down the columns, left to right, starting with a (perhaps empty) run of zeros:
// COCO's uncompressed RLE.
std::vector<uint32_t> rle_counts(const Image& mask);
// Throws Error(format) when the runs do not fill the mask exactly.
Image mask_from_counts(const std::vector<uint32_t>& counts, int width, int height);

// A closed curve along pixel edges with only its corners kept: x, y, x, y, ... Clockwise around a
// part of the mask (pixels that touch at a corner only are apart), counter-clockwise around a hole.
struct Contour {
  std::vector<int> corners;
  bool hole = false;
  double area() const;  // enclosed, in pixels
};
std::vector<Contour> mask_contours(const Image& mask);

}  // namespace espalier
