#include "espalier/data/resample.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "espalier/core/error.h"

namespace espalier {
namespace {

constexpr double kLinearSlack = 1e-9;  // cos(90 degrees) in doubles is 6e-17
constexpr double kShiftSlack = 1e-6;
constexpr double kLargestShift = 1e9;
constexpr double kBorderSlack = 1e-3;  // pixels by which rounding may mislead about the border
constexpr double kUnfiltered =
    0.25;  // shrinking by this much over a whole factor costs no more samples
constexpr int kMostSamples = 32;  // along one side of an output pixel

// The x range [begin, end) of 0..width in which 0 <= slope * x + offset < limit, slope one of -1,
// 0, 1.
std::pair<int64_t, int64_t> inside_range(int slope, int64_t offset, int64_t limit, int64_t width) {
  int64_t begin = 0, end = width;
  if (slope == 0) {
    if (offset < 0 || offset >= limit) end = 0;
  } else if (slope > 0) {
    begin = -offset, end = limit - offset;
  } else {
    begin = offset - limit + 1, end = offset + 1;
  }
  return {std::clamp<int64_t>(begin, 0, width), std::clamp<int64_t>(end, 0, width)};
}

struct Position {
  double x, y;
};

Position apply(const Affine& m, double x, double y) {
  return {m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5]};
}

bool inside(const Image& in, Position p) {
  return p.x >= 0 && p.y >= 0 && p.x < in.width && p.y < in.height;
}

// The four pixels around a position and the weights between them; beyond the border the border
// repeats.
template <int C>
void add_bilinear(const Image& in, Position p, float* sum) {
  const double x = std::clamp(p.x, -1.0, in.width + 1.0) - 0.5;
  const double y = std::clamp(p.y, -1.0, in.height + 1.0) - 0.5;
  // Shifted to be positive, where cutting off is rounding down: a call of floor() would cost more.
  const int left = static_cast<int>(x + 2) - 2, top = static_cast<int>(y + 2) - 2;
  const float wx = static_cast<float>(x - left), wy = static_cast<float>(y - top);
  const int x0 = std::clamp(left, 0, in.width - 1), x1 = std::clamp(left + 1, 0, in.width - 1);
  const uint8_t* upper = in.row(std::clamp(top, 0, in.height - 1));
  const uint8_t* lower = in.row(std::clamp(top + 1, 0, in.height - 1));
  for (int c = 0; c < C; ++c) {
    const float a = upper[x0 * C + c], b = upper[x1 * C + c];
    const float d = lower[x0 * C + c], e = lower[x1 * C + c];
    const float above = a + wx * (b - a), below = d + wx * (e - d);
    sum[c] += above + wy * (below - above);
  }
}

int samples_along(double dx, double dy) {
  const double length = std::hypot(dx, dy);
  return static_cast<int>(std::clamp(std::ceil(length - kUnfiltered), 1.0, double{kMostSamples}));
}

// Cuts begin..end to where low <= slope * t + offset <= high; begin > end when nothing is left.
void cut_interval(
    double slope, double offset, double low, double high, double& begin, double& end) {
  if (std::abs(slope) < kLinearSlack) {
    if (offset < low || offset > high) end = begin - 1;
    return;
  }
  const double a = (low - offset) / slope, b = (high - offset) / slope;
  begin = std::max(begin, std::min(a, b)), end = std::min(end, std::max(a, b));
}

// The columns [first, second) of output row y whose four input pixels all lie in the picture.
std::pair<int, int> interior(const Image& in, const Affine& m, int y, int width) {
  double begin = 0.5, end = width - 0.5;  // of column centres
  const double x_at = m[1] * (y + 0.5) + m[2], y_at = m[4] * (y + 0.5) + m[5];
  cut_interval(m[0], x_at, 0.5 + kBorderSlack, in.width - 0.5 - kBorderSlack, begin, end);
  cut_interval(m[3], y_at, 0.5 + kBorderSlack, in.height - 0.5 - kBorderSlack, begin, end);
  if (begin > end) return {0, 0};
  return {static_cast<int>(std::ceil(begin - 0.5)), static_cast<int>(std::floor(end - 0.5)) + 1};
}

// One sample a pixel where nothing has to be clamped: whole numbers, weights of 11 bits.
template <int C>
void bilinear_interior(
    const Image& in, const Affine& m, int y, std::pair<int, int> columns, uint8_t* pixel) {
  constexpr int kBits = 11, kOne = 1 << kBits, kHalf = 1 << (2 * kBits - 1);
  const Position start = apply(m, 0.5, y + 0.5);
  const ptrdiff_t stride = static_cast<ptrdiff_t>(in.width) * C;
  for (int x = columns.first; x < columns.second; ++x, pixel += C) {
    const double u = m[0] * x + start.x - 0.5, v = m[3] * x + start.y - 0.5;
    const int left = static_cast<int>(u), top = static_cast<int>(v);
    const int wx = static_cast<int>((u - left) * kOne), wy = static_cast<int>((v - top) * kOne);
    const uint8_t* at = in.pixels.data() + top * stride + static_cast<ptrdiff_t>(left) * C;
    for (int c = 0; c < C; ++c) {
      const int above = at[c] * (kOne - wx) + at[c + C] * wx;
      const int below = at[stride + c] * (kOne - wx) + at[stride + c + C] * wx;
      pixel[c] = static_cast<uint8_t>((above * (kOne - wy) + below * wy + kHalf) >> (2 * kBits));
    }
  }
}

template <int C>
void bilinear_rows(const Image& in, const Affine& m, Image& out) {
  const int across = samples_along(m[0], m[3]), down = samples_along(m[1], m[4]);
  const float scale = 1.0f / static_cast<float>(across * down);
  // Not where numbers are so large that their rounding could lead out of the picture.
  const bool single =
      across * down == 1 && std::abs(m[2]) < kLargestShift && std::abs(m[5]) < kLargestShift;
  for (int y = 0; y < out.height; ++y) {
    uint8_t* pixel = out.row(y);
    const std::pair<int, int> easy = single ? interior(in, m, y, out.width) : std::pair{0, 0};
    if (easy.first < easy.second) bilinear_interior<C>(in, m, y, easy, pixel + easy.first * C);
    for (int x = 0; x < out.width; ++x, pixel += C) {
      if (x == easy.first && easy.first < easy.second) {
        pixel += static_cast<ptrdiff_t>(easy.second - x) * C, x = easy.second;
        if (x == out.width) break;
      }
      if (!inside(in, apply(m, x + 0.5, y + 0.5))) continue;
      float sum[C] = {};
      for (int j = 0; j < down; ++j)
        for (int i = 0; i < across; ++i)
          add_bilinear<C>(in, apply(m, x + (i + 0.5) / across, y + (j + 0.5) / down), sum);
      for (int c = 0; c < C; ++c) pixel[c] = static_cast<uint8_t>(sum[c] * scale + 0.5f);
    }
  }
}

}  // namespace

std::optional<PixelMove> as_pixel_move(const Affine& m) {
  int step[6] = {};
  for (int i : {0, 1, 3, 4}) {
    const double value = m[static_cast<size_t>(i)];
    if (!(std::abs(value) < 1.5)) return std::nullopt;
    step[i] = static_cast<int>(std::lround(value));
    if (std::abs(value - step[i]) > kLinearSlack) return std::nullopt;
  }
  const bool straight = step[0] && !step[1] && !step[3] && step[4];
  const bool turned = !step[0] && step[1] && step[3] && !step[4];
  if (!straight && !turned) return std::nullopt;
  for (int i : {2, 5}) {
    const double value = m[static_cast<size_t>(i)];
    if (!(std::abs(value) < kLargestShift) || std::abs(value - std::round(value)) > kShiftSlack)
      return std::nullopt;
  }
  // Centre (x + 0.5) goes to centre; in whole pixels a reversed axis starts one pixel before its
  // edge.
  const int64_t x0 = std::llround(m[2]) - (step[0] + step[1] < 0 ? 1 : 0);
  const int64_t y0 = std::llround(m[5]) - (step[3] + step[4] < 0 ? 1 : 0);
  return PixelMove{step[0], step[1], step[3], step[4], x0, y0};
}

// Pixels that lie `step` bytes apart, one behind the other.
inline void gather_pixels(
    const uint8_t* from, ptrdiff_t step, int64_t count, size_t channels, uint8_t* to) {
  for (int64_t i = 0; i < count; ++i)
    for (size_t c = 0; c < channels; ++c) *to++ = from[i * step + static_cast<ptrdiff_t>(c)];
}

// The same of RGB, whose three bytes the compiler then moves without a loop.
void gather_rgb(const uint8_t* from, ptrdiff_t step, int64_t count, uint8_t* to) {
  gather_pixels(from, step, count, 3, to);
}

Image move_pixels(const Image& in, const PixelMove& move, int width, int height, uint8_t fill) {
  Image out(width, height, in.channels, fill);
  if (in.empty()) return out;
  const size_t channels = static_cast<size_t>(in.channels);
  const ptrdiff_t step =
      (static_cast<ptrdiff_t>(move.yx) * in.width + move.xx) * static_cast<ptrdiff_t>(channels);
  for (int y = 0; y < height; ++y) {
    const int64_t x_at = move.xy * int64_t{y} + move.x0, y_at = move.yy * int64_t{y} + move.y0;
    const auto [x_begin, x_end] = inside_range(move.xx, x_at, in.width, width);
    const auto [y_begin, y_end] = inside_range(move.yx, y_at, in.height, width);
    const int64_t begin = std::max(x_begin, y_begin), end = std::min(x_end, y_end);
    if (begin >= end) continue;
    const uint8_t* from = in.row(static_cast<int>(y_at + move.yx * begin)) +
                          static_cast<size_t>(x_at + move.xx * begin) * channels;
    uint8_t* to = out.row(y) + static_cast<size_t>(begin) * channels;
    if (move.xx == 1) {
      std::memcpy(to, from, static_cast<size_t>(end - begin) * channels);
    } else if (channels == 3) {
      gather_rgb(from, step, end - begin, to);
    } else {
      gather_pixels(from, step, end - begin, channels, to);
    }
  }
  return out;
}

Image resample_affine(
    const Image& in, const Affine& from_output, int width, int height, uint8_t fill) {
  Image out(width, height, in.channels, fill);
  if (in.empty()) return out;
  switch (in.channels) {
    case 1:
      bilinear_rows<1>(in, from_output, out);
      break;
    case 3:
      bilinear_rows<3>(in, from_output, out);
      break;
    case 4:
      bilinear_rows<4>(in, from_output, out);
      break;
    default:
      fail(Kind::unsupported, "an image of {} channels cannot be warped (1, 3 or 4)", in.channels);
  }
  return out;
}

Image resample_nearest(const Image& in, const Affine& m, int width, int height, uint8_t fill) {
  Image out(width, height, in.channels, fill);
  if (in.empty()) return out;
  const size_t channels = static_cast<size_t>(in.channels);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const Position p = apply(m, x + 0.5, y + 0.5);
      if (!inside(in, p)) continue;
      const uint8_t* from = in.row(static_cast<int>(p.y)) + static_cast<size_t>(p.x) * channels;
      std::copy(from, from + channels, out.row(y) + static_cast<size_t>(x) * channels);
    }
  return out;
}

}  // namespace espalier
