#include "espalier/data/degrade.h"

#include <cmath>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

#include "espalier/core/error.h"
#include "espalier/data/pixel_ops.h"
#include "espalier/format/jpeg.h"

#include "tests/data/golden_images.h"

namespace espalier {
namespace {

const Json& golden() {
  static const Json read = read_golden("augment_golden.json");
  return read;
}

Image input(const Json& golden_case) {
  return stored(golden().at("inputs").at(golden_case.at("input").get<std::string>()));
}

// Every field filled, on a picture of this size.
Sample annotated(int width, int height) {
  Sample s = sample_of(noise(width, height, 3));
  s.id = "sample";
  s.truth.width = width, s.truth.height = height;
  s.truth.labels = {{.id = 4}};
  s.truth.instances.push_back({{2, 3, 20, 30}, 1, 1, noise(width, height, 1, 2), 5});
  s.truth.semantic = noise(width, height, 1, 3);
  s.truth.alpha = noise(width, height, 1, 4);
  s.truth.points = {{3.5f, 4.25f, 2}};
  return s;
}

TEST(GaussianBlur, IsTorchvisionsToOneLevel) {
  for (const Json& c : golden().at("blurred")) {
    Image image = input(c);
    gaussian_blur(image, c.at("sigma"));
    EXPECT_LE(farthest(image, stored(c)), 1) << c.at("sigma");
  }
}

TEST(GaussianBlur, KeepsAFlatPictureOfAnySize) {
  for (auto [width, height] : {std::pair{1, 1}, {2, 7}, {1, 30}, {40, 3}})
    for (double sigma : {0.1, 1.0, 20.0}) {
      Image image(width, height, 3, 77);
      gaussian_blur(image, sigma);
      EXPECT_EQ(image, Image(width, height, 3, 77));
    }
  Image image(4, 4, 1), nothing;
  gaussian_blur(nothing, 1);
  EXPECT_TRUE(nothing.empty());
  for (double sigma : {0.0, -1.0, 101.0, std::nan("")})
    EXPECT_THROW(gaussian_blur(image, sigma), Error);
}

TEST(PixelOps, LeaveAnEmptyPictureEmptyAndCheckTheirRange) {
  Image nothing, image(4, 4, 1);
  autocontrast(nothing), equalize(nothing), posterize(nothing, 3), adjust_sharpness(nothing, 2);
  EXPECT_TRUE(nothing.empty());
  EXPECT_THROW(posterize(image, 9), Error);
  EXPECT_THROW(posterize(image, -1), Error);
}

TEST(Jpeg, NoiseIsPillowsToAFewLevels) {
  for (const Json& c : golden().at("packed")) {
    const int quality = c.at("quality");
    Random random(1);
    const Image out = random_jpeg(1, quality, quality)(sample_of(input(c)), random).image;
    EXPECT_LE(farthest(out, stored(c)), 2) << quality;  // the libraries' own rounding
    EXPECT_NE(out, input(c));
  }
}

TEST(Jpeg, DrawsEveryQuality) {
  const Image image = noise(24, 16, 3);
  std::set<std::vector<uint8_t>> seen, expected;
  Random random(1);
  for (int i = 0; i < 200; ++i)
    seen.insert(random_jpeg(1, 40, 45)(sample_of(image), random).image.pixels);
  for (int quality = 40; quality <= 45; ++quality)
    expected.insert(decode_jpeg(encode_jpeg(image, quality)).pixels);
  EXPECT_EQ(seen, expected);
}

struct Erased {
  int x0 = 1 << 20, y0 = 1 << 20, x1 = 0, y1 = 0;
  int64_t changed = 0;
  double width() const { return x1 - x0; }
  double height() const { return y1 - y0; }
};

Erased look(const Image& before, const Image& after) {
  Erased e;
  for (int y = 0; y < before.height; ++y)
    for (int x = 0; x < before.width; ++x) {
      bool same = true;
      for (int c = 0; c < before.channels; ++c) same &= before.at(x, y, c) == after.at(x, y, c);
      if (same) continue;
      ++e.changed;
      e.x0 = std::min(e.x0, x), e.x1 = std::max(e.x1, x + 1);
      e.y0 = std::min(e.y0, y), e.y1 = std::max(e.y1, y + 1);
    }
  return e;
}

TEST(Erasing, ReplacesOneRectangleOfTheRightSizes) {
  const Image image(120, 90, 3, 100);
  const Transform erase = random_erasing(1);
  double least = 1, most = 0, flattest = 9, tallest = 0;
  Random random(2);
  for (int i = 0; i < 500; ++i) {
    const Erased e = look(image, erase(sample_of(image), random).image);
    // Random levels hit 100 three times running once in 2^24: nothing inside stays.
    EXPECT_EQ(e.changed, e.width() * e.height());
    const double area = e.width() * e.height() / (120.0 * 90), aspect = e.height() / e.width();
    least = std::min(least, area), most = std::max(most, area);
    flattest = std::min(flattest, aspect), tallest = std::max(tallest, aspect);
  }
  EXPECT_NEAR(least, 0.02, 0.005);
  EXPECT_NEAR(most, 0.33, 0.01);
  EXPECT_NEAR(flattest, 0.3, 0.03);
  EXPECT_NEAR(tallest, 3.3, 0.3);
}

TEST(Erasing, FillsEvenlyWithAllLevels) {
  Random random(3);
  const Image out = random_erasing(1, 0.3, 0.3)(sample_of(Image(800, 800, 1)), random).image;
  std::vector<int> counts(256);
  for (uint8_t value : out.pixels) ++counts[value];
  const double inside = std::accumulate(counts.begin() + 1, counts.end(), 0.0) / 255;
  ASSERT_GT(inside, 500);
  for (size_t v = 1; v < 256; ++v) EXPECT_NEAR(counts[v], inside, 6 * std::sqrt(inside));
}

TEST(Degrade, LeavesEveryFieldOfTheAnnotationAlone) {
  for (const Transform& t : {random_blur(1), random_jpeg(1), random_erasing(1)}) {
    const Sample before = annotated(48, 40);
    Random random(5);
    const Sample after = t(before, random);
    EXPECT_EQ(after.truth, before.truth);
    EXPECT_EQ(after.id, before.id);
    EXPECT_NE(after.image, before.image);
    EXPECT_EQ(after.image.width, 48);
    EXPECT_EQ(after.image.channels, 3);
  }
}

TEST(Degrade, KeepsGrayGrayAndActsByItsProbability) {
  const std::vector<std::function<Transform(double)>> makers{
      [](double p) { return random_blur(p); }, [](double p) { return random_jpeg(p); },
      [](double p) { return random_erasing(p); }};
  for (const auto& make : makers) {
    const Image gray = noise(32, 32, 1);
    Random random(6);
    int changed = 0;
    for (int i = 0; i < 400; ++i) {
      const Image out = make(0.25)(sample_of(gray), random).image;
      EXPECT_EQ(out.channels, 1);
      changed += out != gray;
    }
    EXPECT_NEAR(changed, 100, 40);
    EXPECT_EQ(make(0)(sample_of(gray), random).image, gray);
    EXPECT_THROW(make(1.5), Error);
    EXPECT_THROW(make(-0.1), Error);
  }
  EXPECT_THROW(random_blur(1, 0, 1), Error);
  EXPECT_THROW(random_jpeg(1, 50, 40), Error);
  EXPECT_THROW(random_erasing(1, 0.5, 1.1), Error);
}

}  // namespace
}  // namespace espalier
