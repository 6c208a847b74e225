// A heat map laid over a picture: the picture in gray, the heat in colour from dark violet (lowest)
// to light yellow (highest).
//
//   Image shown = overlay_heat(photo, evidence);   // evidence: any grid, one channel
//   write_png("evidence.png", shown);
#pragma once

#include <array>
#include <cstdint>

#include "espalier/format/image.h"

namespace espalier {

using Rgb = std::array<uint8_t, 3>;

// A ramp of even perceptual steps, t in 0..1: equal distances in OKLab (Ottosson, "A perceptual color
// space for image processing", 2020) with lightness rising all the way, so that it also reads in
// gray. Out of range is clamped, NaN is 0.
Rgb heat_colour(double t);

// RGB of the picture's size. The grid is stretched over the picture (bilinear, cell centres); its
// lowest value maps to the start of the ramp, its highest to the end; a NaN counts as lowest, a flat
// grid as all lowest. `strength` 0..1 is the share of colour over gray. Error(internal) for an empty
// picture or a grid that is empty or has several channels.
Image overlay_heat(const Image& picture, const Raster<float>& heat, double strength = 0.65);

}  // namespace espalier
