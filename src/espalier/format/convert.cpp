#include "espalier/format/convert.h"

#include <algorithm>

#include "espalier/core/error.h"

namespace espalier {
namespace {

uint8_t over_white(int value, int alpha) {
  return static_cast<uint8_t>((value * alpha + 255 * (255 - alpha) + 127) / 255);
}

// Makes an image of `channels` channels, pixel by pixel.
template <class Pixel>
Image map_pixels(const Image& image, int channels, Pixel pixel) {
  Image result(image.width, image.height, channels);
  size_t count = image.pixels.size() / static_cast<size_t>(image.channels);
  const uint8_t* from = image.pixels.data();
  uint8_t* to = result.pixels.data();
  for (size_t i = 0; i < count; ++i, from += image.channels, to += channels) pixel(from, to);
  return result;
}

Image without_alpha(const Image& image) {
  int colours = image.channels - 1;
  return map_pixels(image, colours, [colours](const uint8_t* from, uint8_t* to) {
    for (int c = 0; c < colours; ++c) to[c] = over_white(from[c], from[colours]);
  });
}

Image with_colours(const Image& gray) {
  return map_pixels(gray, 3,
                    [](const uint8_t* from, uint8_t* to) { to[0] = to[1] = to[2] = from[0]; });
}

Image luma(const Image& rgb) {
  return map_pixels(rgb, 1, [](const uint8_t* from, uint8_t* to) {
    // 16-bit fixed point; the three weights sum to 65536, so that gray stays exactly what it was.
    to[0] =
        static_cast<uint8_t>((from[0] * 19595 + from[1] * 38470 + from[2] * 7471 + 32768) >> 16);
  });
}

Image gray_alpha_as_rgba(const Image& image) {
  return map_pixels(image, 4, [](const uint8_t* from, uint8_t* to) {
    to[0] = to[1] = to[2] = from[0];
    to[3] = from[1];
  });
}

}  // namespace

Image to_channels(Image image, Channels wanted) {
  if (image.channels < 1 || image.channels > 4)
    fail(Kind::internal, "an image of {} channels cannot be converted", image.channels);
  if (wanted == Channels::stored)
    return image.channels == 2 ? gray_alpha_as_rgba(image) : std::move(image);
  if (image.channels % 2 == 0) image = without_alpha(image);
  if (wanted == Channels::gray && image.channels == 3) return luma(image);
  if (wanted == Channels::rgb && image.channels == 1) return with_colours(image);
  return image;
}

Image oriented(Image image, int orientation) {
  if (orientation < 2 || orientation > 8) return image;
  bool swapped = orientation >= 5;  // the stored rows are columns of the upright picture
  bool right_to_left = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  bool bottom_up = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Image result(swapped ? image.height : image.width, swapped ? image.width : image.height,
               image.channels);
  for (int y = 0; y < result.height; ++y) {
    uint8_t* to = result.row(y);
    for (int x = 0; x < result.width; ++x, to += image.channels) {
      int column = swapped ? y : x, row = swapped ? x : y;
      if (right_to_left) column = image.width - 1 - column;
      if (bottom_up) row = image.height - 1 - row;
      std::copy_n(image.row(row) + column * image.channels, image.channels, to);
    }
  }
  return result;
}

}  // namespace espalier
