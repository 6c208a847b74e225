#include "espalier/data/photo_part.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "espalier/core/error.h"
#include "espalier/data/blend.h"
#include "espalier/data/resample.h"
#include "espalier/format/read_image.h"

namespace espalier {
namespace {

// One axis of the map from the result's pixels to samples that begin at `origin` and are `unit` pixels long.
AxisMap axis(int begin, int length, int outputs, double origin, double unit) {
  return {length / (outputs * unit), (begin - origin) / unit};
}

// The largest shrinking on the way that leaves the part no smaller than the result.
int shrink_for(const PixelRect& part, int width, int height) {
  for (int shrink : {8, 4, 2})
    if (part.width >= shrink * width && part.height >= shrink * height) return shrink;
  return 1;
}

// The part with the pixels around it that the filter reaches: of chroma, whose samples may be two pixels long.
PixelRect with_margin(
    const PixelRect& part, int shrink, int width, int height, const JpegHeader& header) {
  auto reach = [&](int length, int outputs) {
    return 2 * shrink +
           static_cast<int>(std::ceil(std::max(2.0 * shrink, double(length) / outputs)));
  };
  const int x = reach(part.width, width), y = reach(part.height, height);
  const int left = std::max(0, part.left - x), top = std::max(0, part.top - y);
  const int right = std::min(header.width, part.left + part.width + x);
  const int bottom = std::min(header.height, part.top + part.height + y);
  return {left, top, right - left, bottom - top};
}

Image rgb_of_planes(const JpegPart& planes, const PixelRect& part, int width, int height) {
  thread_local std::vector<uint8_t> resampled[3];
  for (int i = 0; i < planes.count; ++i) {
    const JpegPlane& plane = planes.planes[static_cast<size_t>(i)];
    resample_plane(
        {plane.samples.data(), static_cast<size_t>(plane.stride), plane.width, plane.height},
        axis(part.left, part.width, width, plane.left, plane.step_x),
        axis(part.top, part.height, height, plane.top, plane.step_y), width, height, 0,
        resampled[i]);
  }
  Image image(width, height, 3);
  const size_t stride = static_cast<size_t>(padded_to_lane(width));
  for (int y = 0; y < height; ++y) {
    const size_t at = static_cast<size_t>(y) * stride;
    const uint8_t* luma = resampled[0].data() + at;
    uint8_t* row = image.row(y);
    if (planes.count == 3)
      ycc_to_rgb(luma, resampled[1].data() + at, resampled[2].data() + at, width, row);
    else
      for (int x = 0; x < width; ++x) std::fill_n(row + 3 * x, 3, luma[x]);
  }
  return image;
}

}  // namespace

Image read_undecoded(const fs::path& path) {
  const std::string bytes = read_file(path);
  return with_context("reading " + path.string(), [&] {
    if (bytes.starts_with("\xff\xd8")) {
      const JpegHeader header = parse_jpeg_header(bytes);
      if (header.orientation == 1) {
        Image file;
        file.width = header.width;
        file.height = header.height;
        file.pixels.assign(bytes.begin(), bytes.end());
        return file;
      }
    }
    return decode_image(bytes, {.channels = Channels::rgb});
  });
}

Image read_photo_part(const Image& file, const PixelRect& part, int width, int height) {
  if (part.width < 1 || part.height < 1 || part.left < 0 || part.top < 0 ||
      part.left > file.width - part.width || part.top > file.height - part.height)
    fail(Kind::internal, "a part of {} x {} at ({}, {}) of a photograph of {} x {}", part.width,
         part.height, part.left, part.top, file.width, file.height);
  const std::string_view bytes(reinterpret_cast<const char*>(file.pixels.data()),
                               file.pixels.size());
  const JpegHeader header = parse_jpeg_header(bytes);
  thread_local JpegPart planes;
  const int shrink = shrink_for(part, width, height);
  if (decode_jpeg_part(bytes, header, with_margin(part, shrink, width, height, header), shrink,
                       planes))
    return rgb_of_planes(planes, part, width, height);
  const int least = std::min(header.width, header.height) / shrink;
  const Image whole = decode_jpeg(bytes, {.channels = Channels::rgb, .min_side = least});
  return resample_separable(
      whole, axis(part.left, part.width, width, 0, double(header.width) / whole.width),
      axis(part.top, part.height, height, 0, double(header.height) / whole.height), width, height,
      0);
}

}  // namespace espalier
