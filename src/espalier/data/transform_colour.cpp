// Colour jitter: the blends of torchvision's ColorJitter, rounded to the nearest level (torchvision
// truncates).
#include <algorithm>
#include <array>

#include "espalier/core/error.h"
#include "espalier/data/transform.h"

namespace espalier {
namespace {

uint8_t level(float value) {
  return static_cast<uint8_t>(std::clamp(value + 0.5f, 0.0f, 255.0f));
}

// factor * v + (1 - factor) * other for every sample, through a table.
void blend_with(Image& image, double factor, double other) {
  std::array<uint8_t, 256> table;
  for (size_t v = 0; v < 256; ++v)
    table[v] = level(static_cast<float>(factor * static_cast<double>(v) + (1 - factor) * other));
  for (uint8_t& value : image.pixels) value = table[value];
}

double gray_mean(const Image& image) {
  uint64_t sum = 0;
  if (image.channels < 3) {
    for (uint8_t value : image.pixels) sum += value;
    return static_cast<double>(sum) / static_cast<double>(image.pixels.size());
  }
  for (size_t i = 0; i + 2 < image.pixels.size(); i += static_cast<size_t>(image.channels)) {
    const uint8_t* p = &image.pixels[i];
    sum += 299u * p[0] + 587u * p[1] + 114u * p[2];
  }
  return static_cast<double>(sum) / 1000 / (static_cast<double>(image.width) * image.height);
}

}  // namespace

void adjust_brightness(Image& image, double factor) {
  blend_with(image, factor, 0);
}

void adjust_contrast(Image& image, double factor) {
  if (!image.empty()) blend_with(image, factor, gray_mean(image));
}

void adjust_saturation(Image& image, double factor) {
  if (image.channels < 3) return;
  const float keep = static_cast<float>(factor), rest = static_cast<float>((1 - factor) / 1000);
  for (size_t i = 0; i + 2 < image.pixels.size(); i += static_cast<size_t>(image.channels)) {
    uint8_t* p = &image.pixels[i];
    const float gray = rest * static_cast<float>(299 * p[0] + 587 * p[1] + 114 * p[2]);
    for (int c = 0; c < 3; ++c) p[c] = level(keep * static_cast<float>(p[c]) + gray);
  }
}

Transform colour_jitter(double brightness, double contrast, double saturation) {
  for (double strength : {brightness, contrast, saturation})
    if (!(strength >= 0)) fail(Kind::usage, "a colour jitter of {} is not 0 or more", strength);
  return [=](Sample s, Random& random) {
    std::vector<int> order{0, 1, 2};
    random.shuffle(order);
    std::array<double, 3> factor;
    for (size_t i = 0; double strength : {brightness, contrast, saturation})
      factor[i++] = random.uniform(std::max(0.0, 1 - strength), 1 + strength);
    for (int step : order) {
      const double f = factor[static_cast<size_t>(step)];
      if (f == 1) continue;
      if (step == 0) adjust_brightness(s.image, f);
      if (step == 1) adjust_contrast(s.image, f);
      if (step == 2) adjust_saturation(s.image, f);
    }
    return s;
  };
}

}  // namespace espalier
