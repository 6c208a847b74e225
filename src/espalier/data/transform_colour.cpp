// Colour jitter: the blends of torchvision's ColorJitter, rounded to the nearest level (torchvision
// truncates).
#include <algorithm>
#include <array>
#include <cmath>

#include "espalier/data/transform.h"

namespace espalier {
namespace {

uint8_t level(float value) {
  return static_cast<uint8_t>(std::clamp(value + 0.5f, 0.0f, 255.0f));
}

// factor * v + (1 - factor) * other for every sample, through a table.
void blend_with(Image& image, float factor, float other) {
  std::array<uint8_t, 256> table;
  for (size_t v = 0; v < 256; ++v)
    table[v] = level(factor * static_cast<float>(v) + (1 - factor) * other);
  for (uint8_t& value : image.pixels) value = table[value];
}

double gray_mean(const Image& image) {
  uint64_t sum = 0;
  if (image.channels < 3) {
    for (uint8_t value : image.pixels) sum += value;
    return static_cast<double>(sum) / static_cast<double>(image.pixels.size());
  }
  const size_t channels = static_cast<size_t>(image.channels);
  for (size_t i = 0; i + 2 < image.pixels.size(); i += channels) {
    const uint8_t* p = &image.pixels[i];
    sum += 299u * p[0] + 587u * p[1] + 114u * p[2];
  }
  return static_cast<double>(sum) / 1000 / (static_cast<double>(image.width) * image.height);
}

void saturate(Image& image, float factor) {
  if (image.channels < 3) return;
  const float rest = (1 - factor) / 1000;
  const size_t channels = static_cast<size_t>(image.channels);
  for (size_t i = 0; i + 2 < image.pixels.size(); i += channels) {
    uint8_t* p = &image.pixels[i];
    const float gray = rest * static_cast<float>(299 * p[0] + 587 * p[1] + 114 * p[2]);
    for (int c = 0; c < 3; ++c) p[c] = level(factor * static_cast<float>(p[c]) + gray);
  }
}

}  // namespace

Transform colour_jitter(double brightness, double contrast, double saturation) {
  return [=](Sample s, Random& random) {
    std::vector<int> order{0, 1, 2};
    random.shuffle(order);
    std::array<float, 3> factor;
    for (size_t i = 0; double strength : {brightness, contrast, saturation})
      factor[i++] = static_cast<float>(random.uniform(std::max(0.0, 1 - strength), 1 + strength));
    if (s.image.empty()) return s;
    for (int step : order) {
      const float f = factor[static_cast<size_t>(step)];
      if (f == 1) continue;
      if (step == 0) blend_with(s.image, f, 0);
      if (step == 1) blend_with(s.image, f, static_cast<float>(gray_mean(s.image)));
      if (step == 2) saturate(s.image, f);
    }
    return s;
  };
}

}  // namespace espalier
