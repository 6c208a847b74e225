// The three ways in which warp() moves pixels, from exact to general; each takes one raster and
// knows no annotation. In all of them an output pixel whose centre falls outside the input has the
// value `fill`.
//
//   Image half = resample_separable(photo, {2, 0}, {2, 0}, photo.width / 2, photo.height / 2, 0);
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "espalier/data/transform.h"

namespace espalier {

// Input pixel of output pixel (x, y): (xx * x + xy * y + x0, yx * x + yy * y + y0); a signed
// permutation.
struct PixelMove {
  int xx, xy, yx, yy;
  int64_t x0, y0;
};

// The move that `from_output` is, when it only flips, turns by right angles and shifts by whole
// pixels.
std::optional<PixelMove> as_pixel_move(const Affine& from_output);
Image move_pixels(const Image& in, const PixelMove& move, int width, int height, uint8_t fill);

// One axis of a map without rotation: input position = step * (output centre) + start.
struct AxisMap {
  double step, start;
};

// Triangle filter of reach max(1, |step|) input pixels, cut at the border and normalised (Pillow's
// BILINEAR, torchvision's antialias=True), vertical, then horizontal, in fixed point, rounded once.
// 1, 3 or 4 channels.
Image resample_separable(
    const Image& in, AxisMap x, AxisMap y, int width, int height, uint8_t fill);

// The same of one plane that stands in a larger buffer. The rows of `out`, which keeps its memory
// and may be longer than needed, lie padded_to_lane(width) bytes apart (data/blend.h).
struct PlaneView {
  const uint8_t* samples;
  size_t stride;
  int width, height;
};
void resample_plane(const PlaneView& in,
                    AxisMap x,
                    AxisMap y,
                    int width,
                    int height,
                    uint8_t fill,
                    std::vector<uint8_t>& out);

// Bilinear between pixel centres, the border repeated. When shrinking by s, the mean of n x n such
// samples spread over the output pixel, n = ceil(s - 1/4) and at most 32, beyond which it aliases.
// 1, 3 or 4 channels.
Image resample_affine(
    const Image& in, const Affine& from_output, int width, int height, uint8_t fill);

// The input pixel that contains the position of the output centre.
Image resample_nearest(
    const Image& in, const Affine& from_output, int width, int height, uint8_t fill);

}  // namespace espalier
