#include "espalier/data/pixel_ops.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "espalier/core/error.h"

namespace espalier {
namespace {

constexpr double kWidestBlur = 100;  // pixels

using Table = std::array<uint8_t, 256>;
using Histogram = std::array<int64_t, 256>;

template <class Level>
Table make_table(Level&& level) {
  Table table;
  for (int v = 0; v < 256; ++v) table[static_cast<size_t>(v)] = static_cast<uint8_t>(level(v));
  return table;
}

void look_up(Image& image, const Table& table) {
  for (uint8_t& value : image.pixels) value = table[value];
}

// Each channel through the table that `make` gives for its histogram.
template <class Make>
void look_up_by_histogram(Image& image, Make&& make) {
  const size_t channels = static_cast<size_t>(image.channels);
  for (size_t c = 0; c < channels; ++c) {
    Histogram histogram{};
    for (size_t i = c; i < image.pixels.size(); i += channels) ++histogram[image.pixels[i]];
    const Table table = make(histogram);
    for (size_t i = c; i < image.pixels.size(); i += channels)
      image.pixels[i] = table[image.pixels[i]];
  }
}

// The first and the last level that occurs; first > last in an empty picture.
std::pair<int, int> occupied(const Histogram& histogram) {
  int first = 0, last = 255;
  while (first < 256 && histogram[static_cast<size_t>(first)] == 0) ++first;
  while (last >= 0 && histogram[static_cast<size_t>(last)] == 0) --last;
  return {first, last};
}

// Position `i` of a line of `n`, mirrored about the first and the last element.
int mirrored(int i, int n) {
  if (n == 1) return 0;
  const int period = 2 * (n - 1);
  i = std::abs(i) % period;
  return std::min(i, period - i);
}

// Weights of the centre and of 1, 2, ... pixels away; both sides together add to 1.
std::vector<float> gaussian_weights(double sigma) {
  std::vector<double> raw;
  double sum = 0;
  for (int k = 0, reach = static_cast<int>(std::ceil(3 * sigma)); k <= reach; ++k) {
    raw.push_back(std::exp(-k * k / (2 * sigma * sigma)));
    sum += k == 0 ? 1 : 2 * raw.back();
  }
  std::vector<float> weights;
  for (double w : raw) weights.push_back(static_cast<float>(w / sum));
  return weights;
}

}  // namespace

void posterize(Image& image, int bits) {
  if (bits < 0 || bits > 8) fail(Kind::usage, "posterize to {} bits, not 0..8", bits);
  const int mask = 0xff << (8 - bits);
  look_up(image, make_table([&](int v) { return v & mask; }));
}

void solarize(Image& image, double threshold) {
  look_up(image, make_table([&](int v) { return v < threshold ? v : 255 - v; }));
}

void autocontrast(Image& image) {
  look_up_by_histogram(image, [](const Histogram& histogram) {
    const auto [first, last] = occupied(histogram);
    if (first >= last) return make_table([](int v) { return v; });
    const double scale = 255.0 / (last - first), offset = -first * scale;
    return make_table(
        [&](int v) { return std::clamp(static_cast<int>(v * scale + offset), 0, 255); });
  });
}

void equalize(Image& image) {
  look_up_by_histogram(image, [](const Histogram& histogram) {
    const auto [first, last] = occupied(histogram);
    int64_t all = 0;
    for (int64_t count : histogram) all += count;
    const int64_t step =
        first < last ? (all - histogram[static_cast<size_t>(last)]) / 255 : int64_t{0};
    if (step == 0) return make_table([](int v) { return v; });
    int64_t below = step / 2;
    return make_table([&](int v) {
      const int64_t level = std::min<int64_t>(below / step, 255);
      below += histogram[static_cast<size_t>(v)];
      return level;
    });
  });
}

void adjust_sharpness(Image& image, double factor) {
  if (image.width < 3 || image.height < 3) return;
  const Image from = image;
  const int channels = image.channels, count = (image.width - 2) * channels;
  const float keep = static_cast<float>(factor), rest = static_cast<float>(1 - factor);
  for (int y = 1; y + 1 < image.height; ++y) {
    const uint8_t *a = from.row(y - 1), *b = from.row(y), *c = from.row(y + 1);
    uint8_t* out = image.row(y) + channels;
    for (int i = 0; i < count; ++i) {
      const int m = i + channels, r = m + channels;
      const int sum = a[i] + a[m] + a[r] + b[i] + 5 * b[m] + b[r] + c[i] + c[m] + c[r];
      const float smooth = static_cast<float>((sum + 6) / 13);
      const float value = keep * static_cast<float>(b[m]) + rest * smooth + 0.5f;
      out[i] = static_cast<uint8_t>(std::clamp(value, 0.0f, 255.0f));
    }
  }
}

// Each output row is blended from the rows around it, then along itself, so there is no second
// picture in float.
void gaussian_blur(Image& image, double sigma) {
  if (!(sigma > 0 && sigma <= kWidestBlur))
    fail(Kind::usage, "the deviation of a blur is {} pixels, not above 0 and at most {}", sigma,
         kWidestBlur);
  if (image.empty()) return;
  const std::vector<float> weights = gaussian_weights(sigma);
  const int reach = static_cast<int>(weights.size()) - 1, channels = image.channels;
  const int count = image.width * channels, before = reach * channels;
  const Image from = image;
  std::vector<float> row(static_cast<size_t>(count) + 2 * static_cast<size_t>(before));
  std::vector<float> sum(static_cast<size_t>(count));
  float* middle = row.data() + before;
  for (int y = 0; y < image.height; ++y) {
    const uint8_t* centre = from.row(y);
    for (int i = 0; i < count; ++i) middle[i] = weights[0] * centre[i];
    for (int k = 1; k <= reach; ++k) {
      const uint8_t* above = from.row(mirrored(y - k, image.height));
      const uint8_t* below = from.row(mirrored(y + k, image.height));
      const float w = weights[static_cast<size_t>(k)];
      for (int i = 0; i < count; ++i) middle[i] += w * static_cast<float>(above[i] + below[i]);
    }
    for (int k = 1; k <= reach; ++k)
      for (int c = 0; c < channels; ++c) {
        middle[c - k * channels] = middle[mirrored(-k, image.width) * channels + c];
        const int last = image.width - 1;
        middle[(last + k) * channels + c] = middle[mirrored(last + k, image.width) * channels + c];
      }
    for (int i = 0; i < count; ++i) sum[static_cast<size_t>(i)] = 0.5f + weights[0] * middle[i];
    for (int k = 1; k <= reach; ++k) {
      const float *left = middle - k * channels, *right = middle + k * channels;
      const float w = weights[static_cast<size_t>(k)];
      float* to = sum.data();
      for (int i = 0; i < count; ++i) to[i] += w * (left[i] + right[i]);
    }
    uint8_t* out = image.row(y);
    for (int i = 0; i < count; ++i)
      out[i] = static_cast<uint8_t>(static_cast<int>(sum[static_cast<size_t>(i)]));
  }
}

}  // namespace espalier
