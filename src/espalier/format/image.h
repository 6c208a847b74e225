// Pictures and masks in memory: rows of interleaved samples, top row first.
//
//   Image photo(640, 480, 3);             // RGB, 8 bits a sample, all zero
//   photo.at(x, y, 2) = 255;
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace espalier {

template <class T>
struct Raster {
  int width = 0, height = 0, channels = 0;
  std::vector<T> pixels;  // height * width * channels, channel fastest

  Raster() = default;
  Raster(int w, int h, int c, T fill = T{})
      : width(w),
        height(h),
        channels(c),
        pixels(static_cast<size_t>(w) * static_cast<size_t>(h) * static_cast<size_t>(c), fill) {}

  bool empty() const { return pixels.empty(); }
  size_t index(int x, int y, int c = 0) const {
    return (static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)) *
               static_cast<size_t>(channels) +
           static_cast<size_t>(c);
  }
  T& at(int x, int y, int c = 0) { return pixels[index(x, y, c)]; }
  const T& at(int x, int y, int c = 0) const { return pixels[index(x, y, c)]; }
  T* row(int y) { return pixels.data() + index(0, y); }
  const T* row(int y) const { return pixels.data() + index(0, y); }

  bool operator==(const Raster&) const = default;
};

using Image = Raster<uint8_t>;     // gray (1), RGB (3) or RGBA (4, colour not premultiplied)
using Image16 = Raster<uint16_t>;  // 16-bit PNG; instance ids

}  // namespace espalier
