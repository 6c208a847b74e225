// A coarse grid spread over a picture: what is shown of a heat map, and what is measured of it.
//
//   Raster<float> heat = stretch(evidence, photo.width, photo.height);
#pragma once

#include "espalier/format/image.h"

namespace espalier {

// One channel. Bilinear between the centres of the cells; outside the outermost centres the value of
// the nearest cell. Throws Error(internal) for an empty grid or picture, or several channels.
Raster<float> stretch(const Raster<float>& grid, int width, int height);

}  // namespace espalier
