// The separable resampler, plane by plane: rows are blended first (long contiguous loops in vector code), then the plane is
// turned over its diagonal, so that columns are blended by the same loop, and turned back. Only the rows and columns in
// use are touched.
#include <algorithm>
#include <cmath>
#include <vector>

#include "espalier/core/error.h"
#include "espalier/data/blend.h"
#include "espalier/data/resample.h"

namespace espalier {
namespace {

// Inputs at the very end of the reach have no weight but for the rounding of doubles.
constexpr double kNothing = 1e-9;

// For output i: weights weight[begin[i] .. begin[i + 1]) of the inputs from first[i] on, in 65535ths, which they sum to.
// No weights: outside.
struct Taps {
  std::vector<int> first;
  std::vector<size_t> begin{0};
  std::vector<uint16_t> weight;
  int left = 0, right = 0;  // the inputs that have a weight anywhere lie in [left, right)

  int count(int i) const {
    return static_cast<int>(begin[static_cast<size_t>(i) + 1] - begin[static_cast<size_t>(i)]);
  }
  const uint16_t* weights(int i) const { return weight.data() + begin[static_cast<size_t>(i)]; }
};

// Rounds raw / sum to 65535ths; what rounding leaves over goes to the largest, so that constants stay constant.
void append_weights(const std::vector<double>& raw, double sum, std::vector<uint16_t>& weight) {
  int left_over = 65535;
  size_t largest = weight.size();
  for (double value : raw) {
    // A little above a half: exact halves must not depend on how doubles were rounded on the way.
    const int rounded = static_cast<int>(value / sum * 65535 + 0.500001);
    left_over -= rounded;
    if (weight.size() > largest && rounded > weight[largest]) largest = weight.size();
    weight.push_back(static_cast<uint16_t>(rounded));
  }
  weight[largest] = static_cast<uint16_t>(weight[largest] + left_over);
}

Taps triangle_taps(AxisMap map, int outputs, int inputs) {
  const double reach = std::max(1.0, std::abs(map.step));
  Taps taps;
  taps.first.reserve(static_cast<size_t>(outputs));
  taps.begin.reserve(static_cast<size_t>(outputs) + 1);
  taps.left = inputs;
  std::vector<double> raw;
  for (int i = 0; i < outputs; ++i) {
    const double centre = map.step * (i + 0.5) + map.start;
    int first = 0;
    if (centre >= 0 && centre < inputs) {
      first = static_cast<int>(std::max(0.0, std::floor(centre - reach)));
      const int last = static_cast<int>(std::min<double>(inputs - 1, std::ceil(centre + reach)));
      auto value = [&](int k) { return 1 - std::abs(k + 0.5 - centre) / reach; };
      while (value(first) < kNothing) ++first;
      raw.clear();
      double sum = 0;
      for (int k = first; k <= last && value(k) >= kNothing; ++k) sum += raw.emplace_back(value(k));
      append_weights(raw, sum, taps.weight);
      taps.left = std::min(taps.left, first);
      taps.right = std::max(taps.right, first + static_cast<int>(raw.size()));
    }
    taps.first.push_back(first);
    taps.begin.push_back(taps.weight.size());
  }
  return taps;
}

// Rows of `out` by the taps from rows of `in`, n samples each; `before` input rows are not there.
template <class In, class Out>
void blend_all(const In* in,
               size_t stride,
               int before,
               const Taps& taps,
               int outputs,
               int n,
               Out fill,
               Out* out,
               size_t out_stride) {
  for (int i = 0; i < outputs; ++i, out += out_stride) {
    if (taps.count(i) == 0)
      std::fill(out, out + n, fill);
    else
      blend_rows(in + static_cast<size_t>(taps.first[static_cast<size_t>(i)] - before) * stride,
                 stride, taps.weights(i), taps.count(i), n, out);
  }
}

// A buffer that keeps its memory from picture to picture.
template <class T>
T* scratch(std::vector<T>& buffer, int width, int height) {
  const size_t count = static_cast<size_t>(width) * static_cast<size_t>(height);
  if (buffer.size() < count) buffer.resize(count);
  return buffer.data();
}

template <int C>
void split_channels(const Image& in, std::vector<uint8_t> (&planes)[4]) {
  uint8_t* plane[C];
  for (int c = 0; c < C; ++c) plane[c] = scratch(planes[c], in.width, in.height);
  const size_t count = in.pixels.size() / C;
  const uint8_t* from = in.pixels.data();
  for (size_t i = 0; i < count; ++i, from += C)
    for (int c = 0; c < C; ++c) plane[c][i] = from[c];
}

template <int C>
void join_channels(const std::vector<uint8_t> (&planes)[4], Image& out) {
  const size_t stride = static_cast<size_t>(padded_to_lane(out.width));
  for (int y = 0; y < out.height; ++y) {
    uint8_t* to = out.row(y);
    for (int x = 0; x < out.width; ++x, to += C)
      for (int c = 0; c < C; ++c)
        to[c] = planes[c][static_cast<size_t>(y) * stride + static_cast<size_t>(x)];
  }
}

template <int C>
void resample_channels(const Image& in, AxisMap x, AxisMap y, uint8_t fill, Image& out) {
  thread_local std::vector<uint8_t> from[4], to[4];
  split_channels<C>(in, from);
  for (int c = 0; c < C; ++c)
    resample_plane({from[c].data(), static_cast<size_t>(in.width), in.width, in.height}, x, y,
                   out.width, out.height, fill, to[c]);
  join_channels<C>(to, out);
}

}  // namespace

void resample_plane(const PlaneView& in,
                    AxisMap x,
                    AxisMap y,
                    int width,
                    int height,
                    uint8_t fill,
                    std::vector<uint8_t>& out) {
  thread_local std::vector<Fine> blended, turned;
  thread_local std::vector<uint8_t> crossed;
  const Taps across = triangle_taps(x, width, in.width);
  const Taps down = triangle_taps(y, height, in.height);
  const int samples = std::max(0, across.right - across.left);
  const int wide = padded_to_lane(width), high = padded_to_lane(height);
  const int between = padded_to_lane(samples);
  const size_t row = static_cast<size_t>(between), column = static_cast<size_t>(high);
  Fine* rows = scratch(blended, between, high);
  blend_all(in.samples + (samples > 0 ? across.left : 0), in.stride, 0, down, height, samples,
            static_cast<Fine>(fill << 8), rows, row);
  Fine* columns = scratch(turned, between, high);
  turn(rows, row, between, high, columns, column);
  uint8_t* result = scratch(crossed, wide, high);
  blend_all(columns, column, across.left, across, width, high, fill, result, column);
  turn(result, column, high, wide, scratch(out, wide, high), static_cast<size_t>(wide));
}

Image resample_separable(
    const Image& in, AxisMap x, AxisMap y, int width, int height, uint8_t fill) {
  Image out(width, height, in.channels, fill);
  if (in.empty()) return out;
  switch (in.channels) {
    case 1:
      resample_channels<1>(in, x, y, fill, out);
      break;
    case 3:
      resample_channels<3>(in, x, y, fill, out);
      break;
    case 4:
      resample_channels<4>(in, x, y, fill, out);
      break;
    default:
      fail(Kind::unsupported, "an image of {} channels cannot be resized (1, 3 or 4)", in.channels);
  }
  return out;
}

Image resize(const Image& image, int width, int height) {
  if (width < 1 || height < 1)
    fail(Kind::usage, "cannot resize an image to {} x {}", width, height);
  if (image.empty()) fail(Kind::data, "an empty image cannot be resized");
  if (width == image.width && height == image.height) return image;
  return resample_separable(image, {static_cast<double>(image.width) / width, 0},
                            {static_cast<double>(image.height) / height, 0}, width, height, 0);
}

}  // namespace espalier
