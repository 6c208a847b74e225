// The separable resampler. Rows are blended first (long contiguous loops that the compiler
// vectorises), then the one blended row is sampled along x, so there is no intermediate image and
// only the rows and columns in use are touched.
#include <algorithm>
#include <cmath>
#include <vector>

#include "espalier/core/error.h"
#include "espalier/data/resample.h"

namespace espalier {
namespace {

// For output i: weights weight[begin[i] .. begin[i + 1]) of the inputs from first[i] on. No
// weights: outside.
struct Taps {
  std::vector<int> first;
  std::vector<size_t> begin{0};
  std::vector<float> weight;

  int count(int i) const {
    return static_cast<int>(begin[static_cast<size_t>(i) + 1] - begin[static_cast<size_t>(i)]);
  }
  const float* weights(int i) const { return weight.data() + begin[static_cast<size_t>(i)]; }
};

Taps triangle_taps(AxisMap map, int outputs, int inputs) {
  const double reach = std::max(1.0, std::abs(map.step));
  Taps taps;
  taps.first.reserve(static_cast<size_t>(outputs));
  taps.begin.reserve(static_cast<size_t>(outputs) + 1);
  std::vector<double> raw;
  for (int i = 0; i < outputs; ++i) {
    const double centre = map.step * (i + 0.5) + map.start;
    int first = 0;
    if (centre >= 0 && centre < inputs) {
      first = static_cast<int>(std::max(0.0, std::floor(centre - reach)));
      const int last = static_cast<int>(std::min<double>(inputs - 1, std::ceil(centre + reach)));
      auto value = [&](int k) { return 1 - std::abs(k + 0.5 - centre) / reach; };
      while (value(first) <= 0) ++first;
      raw.clear();
      double sum = 0;
      for (int k = first; k <= last && value(k) > 0; ++k) sum += raw.emplace_back(value(k));
      for (double w : raw) taps.weight.push_back(static_cast<float>(w / sum));
    }
    taps.first.push_back(first);
    taps.begin.push_back(taps.weight.size());
  }
  return taps;
}

// out[i] (+)= sum of up to four weighted rows; four at a time keeps the float row in registers
// longer.
template <bool add>
void blend_four(const uint8_t* const (&row)[4], const float (&w)[4], int n, float* __restrict out) {
  const uint8_t *a = row[0], *b = row[1], *c = row[2], *d = row[3];
  const float wa = w[0], wb = w[1], wc = w[2], wd = w[3];
  for (int i = 0; i < n; ++i) {
    const float value = (wa * a[i] + wb * b[i]) + (wc * c[i] + wd * d[i]);
    out[i] = add ? out[i] + value : value;
  }
}

void blend_two(
    const uint8_t* a, const uint8_t* b, float wa, float wb, int n, float* __restrict out) {
  for (int i = 0; i < n; ++i) out[i] = wa * a[i] + wb * b[i];
}

// The weighted sum of `count` rows that lie `stride` bytes apart, n samples each.
void blend_rows(
    const uint8_t* rows, size_t stride, const float* weights, int count, int n, float* out) {
  if (count <= 2) {
    const bool two = count == 2;
    return blend_two(rows, rows + (two ? stride : 0), weights[0], two ? weights[1] : 0, n, out);
  }
  for (int k = 0; k < count; k += 4) {
    const uint8_t* row[4];
    float w[4];
    for (int j = 0; j < 4; ++j) {
      const bool used = k + j < count;
      row[j] = rows + static_cast<size_t>(used ? k + j : k) * stride;
      w[j] = used ? weights[k + j] : 0;
    }
    k == 0 ? blend_four<false>(row, w, n, out) : blend_four<true>(row, w, n, out);
  }
}

// Samples a float row, whose first pixel is input `left`, along x. RGB runs on four lanes: the row
// has spare floats behind it.
template <int C>
void blend_columns(
    const float* row, int left, const Taps& taps, int width, uint8_t* out, uint8_t fill) {
  constexpr int kLanes = C == 1 ? 1 : 4;
  for (int x = 0; x < width; ++x, out += C) {
    const int count = taps.count(x);
    if (count == 0) {
      std::fill(out, out + C, fill);
      continue;
    }
    const float* weight = taps.weights(x);
    const float* in = row + static_cast<ptrdiff_t>(taps.first[static_cast<size_t>(x)] - left) * C;
    float sum[kLanes];
    for (int c = 0; c < kLanes; ++c) sum[c] = 0.5f;
    for (int k = 0; k < count; ++k, in += C)
      for (int c = 0; c < kLanes; ++c) sum[c] += weight[k] * in[c];
    for (int c = 0; c < C; ++c) out[c] = static_cast<uint8_t>(static_cast<int>(sum[c]));
  }
}

template <int C>
void resample_rows(
    const Image& in, const Taps& across, const Taps& down, uint8_t fill, Image& out) {
  int left = in.width, right = 0;
  for (int x = 0; x < out.width; ++x)
    if (across.count(x) > 0) {
      left = std::min(left, across.first[static_cast<size_t>(x)]);
      right = std::max(right, across.first[static_cast<size_t>(x)] + across.count(x));
    }
  if (left >= right) return;
  const int samples = (right - left) * C;
  std::vector<float> row(static_cast<size_t>(samples) + 4);
  const size_t stride = static_cast<size_t>(in.width) * C;
  for (int y = 0; y < out.height; ++y) {
    if (down.count(y) == 0) continue;
    const uint8_t* rows =
        in.row(down.first[static_cast<size_t>(y)]) + static_cast<size_t>(left) * C;
    blend_rows(rows, stride, down.weights(y), down.count(y), samples, row.data());
    blend_columns<C>(row.data(), left, across, out.width, out.row(y), fill);
  }
}

}  // namespace

Image resample_separable(
    const Image& in, AxisMap x, AxisMap y, int width, int height, uint8_t fill) {
  Image out(width, height, in.channels, fill);
  if (in.empty()) return out;
  const Taps across = triangle_taps(x, width, in.width);
  const Taps down = triangle_taps(y, height, in.height);
  switch (in.channels) {
    case 1:
      resample_rows<1>(in, across, down, fill, out);
      break;
    case 3:
      resample_rows<3>(in, across, down, fill, out);
      break;
    case 4:
      resample_rows<4>(in, across, down, fill, out);
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
