#include "espalier/data/stretch.h"

#include <algorithm>
#include <cmath>

#include "espalier/core/error.h"

namespace espalier {
namespace {

// The two cells of an axis between whose centres a pixel lies, and how far towards the second.
struct Between {
  int first = 0, second = 0;
  double share = 0;
};

Between between(int pixel, int pixels, int cells) {
  const double place = std::clamp((pixel + 0.5) * cells / pixels - 0.5, 0.0, cells - 1.0);
  const int first = static_cast<int>(place);
  return {first, std::min(first + 1, cells - 1), place - first};
}

}  // namespace

Raster<float> stretch(const Raster<float>& grid, int width, int height) {
  if (grid.empty() || grid.channels != 1 || width < 1 || height < 1)
    fail(Kind::internal, "a grid of {} channels ({} values) over a picture of {} x {}",
         grid.channels, grid.pixels.size(), width, height);
  Raster<float> out(width, height, 1);
  for (int y = 0; y < height; ++y) {
    const Between down = between(y, height, grid.height);
    for (int x = 0; x < width; ++x) {
      const Between across = between(x, width, grid.width);
      const double upper = std::lerp(grid.at(across.first, down.first),
                                     grid.at(across.second, down.first), across.share);
      const double lower = std::lerp(grid.at(across.first, down.second),
                                     grid.at(across.second, down.second), across.share);
      out.at(x, y) = static_cast<float>(std::lerp(upper, lower, down.share));
    }
  }
  return out;
}

}  // namespace espalier
