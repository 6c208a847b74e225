#include "espalier/data/degrade.h"

#include <algorithm>
#include <cmath>

#include "espalier/core/error.h"
#include "espalier/data/pixel_ops.h"
#include "espalier/format/jpeg.h"

namespace espalier {
namespace {

constexpr double kLeastAspect = 0.3, kMostAspect = 3.3;
constexpr int kTries = 10;

void check_probability(const char* what, double probability) {
  if (!(probability >= 0 && probability <= 1))
    fail(Kind::usage, "the probability of {} is {}, not 0..1", what, probability);
}

void fill_with_noise(Image& image, int left, int top, int width, int height, Random& random) {
  const int count = width * image.channels;
  for (int y = top; y < top + height; ++y) {
    uint8_t* to = image.row(y) + left * image.channels;
    for (int i = 0; i < count;) {
      uint64_t bits = random.bits();
      for (const int end = std::min(i + 8, count); i < end; ++i, bits >>= 8)
        to[i] = static_cast<uint8_t>(bits);
    }
  }
}

}  // namespace

Transform random_blur(double probability, double least, double most) {
  check_probability("a blur", probability);
  if (!(0 < least && least <= most))
    fail(Kind::usage, "deviations {}..{} of a blur must be positive", least, most);
  return [=](Sample s, Random& random) {
    if (random.chance(probability)) gaussian_blur(s.image, random.uniform(least, most));
    return s;
  };
}

Transform random_jpeg(double probability, int least, int most) {
  check_probability("JPEG noise", probability);
  if (least < 1 || least > most || most > 100)
    fail(Kind::usage, "JPEG qualities {}..{} are not in 1..100", least, most);
  return [=](Sample s, Random& random) {
    if (!random.chance(probability) || s.image.empty()) return s;
    const int quality = least + static_cast<int>(random.below(most - least + 1));
    s.image = decode_jpeg(encode_jpeg(s.image, quality));
    return s;
  };
}

Transform random_erasing(double probability, double min_area, double max_area) {
  check_probability("erasing", probability);
  if (!(0 <= min_area && min_area <= max_area && max_area <= 1))
    fail(Kind::usage, "areas {}..{} to erase must lie in 0..1", min_area, max_area);
  return [=](Sample s, Random& random) {
    if (!random.chance(probability)) return s;
    Image& image = s.image;
    const double area = double(image.width) * image.height;
    for (int attempt = 0; attempt < kTries; ++attempt) {
      const double target = area * random.uniform(min_area, max_area);
      const double aspect = std::exp(random.uniform(std::log(kLeastAspect), std::log(kMostAspect)));
      const double high = std::round(std::sqrt(target * aspect));
      const double wide = std::round(std::sqrt(target / aspect));
      if (!(high < image.height && wide < image.width)) continue;
      const int height = static_cast<int>(high), width = static_cast<int>(wide);
      const int top = static_cast<int>(random.below(image.height - height + 1));
      const int left = static_cast<int>(random.below(image.width - width + 1));
      fill_with_noise(image, left, top, width, height, random);
      return s;
    }
    return s;
  };
}

}  // namespace espalier
