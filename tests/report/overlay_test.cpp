#include "espalier/report/overlay.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "espalier/core/error.h"

namespace espalier {
namespace {

// CIELAB under D65, from IEC 61966-2-1 and CIE 15: another colour space than the one the ramp is built in.
std::array<double, 3> cielab(const Rgb& colour) {
  double linear[3];
  for (size_t c = 0; c < 3; ++c) {
    const double v = colour[c] / 255.0;
    linear[c] = v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4);
  }
  const double x = (.4124564 * linear[0] + .3575761 * linear[1] + .1804375 * linear[2]) / .95047;
  const double y = .2126729 * linear[0] + .7151522 * linear[1] + .0721750 * linear[2];
  const double z = (.0193339 * linear[0] + .1191920 * linear[1] + .9503041 * linear[2]) / 1.08883;
  const auto f = [](double t) { return t > .008856 ? std::cbrt(t) : 7.787 * t + 16. / 116; };
  return {116 * f(y) - 16, 500 * (f(x) - f(y)), 200 * (f(y) - f(z))};
}

TEST(HeatColour, LightnessRisesAllTheWay) {
  double last = -1;
  for (int i = 0; i <= 32; ++i) {
    const double lightness = cielab(heat_colour(i / 32.0))[0];
    EXPECT_GT(lightness, last + .5) << i;
    last = lightness;
  }
  EXPECT_LT(cielab(heat_colour(0))[0], 20);
  EXPECT_GT(cielab(heat_colour(1))[0], 90);
}

TEST(HeatColour, StepsAreEven) {
  std::vector<double> steps;
  for (int i = 0; i < 32; ++i) {
    const auto a = cielab(heat_colour(i / 32.0)), b = cielab(heat_colour((i + 1) / 32.0));
    steps.push_back(std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]));
  }
  const auto [low, high] = std::minmax_element(steps.begin(), steps.end());
  EXPECT_LT(*high / *low, 3.5) << *low << " .. " << *high;
}

TEST(HeatColour, OutOfRangeIsClamped) {
  EXPECT_EQ(heat_colour(-3), heat_colour(0));
  EXPECT_EQ(heat_colour(9), heat_colour(1));
  EXPECT_EQ(heat_colour(std::numeric_limits<double>::quiet_NaN()), heat_colour(0));
}

TEST(Overlay, HotCellLiesWhereTheGridSays) {
  Raster<float> heat(4, 2, 1);
  heat.at(3, 0) = 2;
  heat.at(0, 1) = -2;
  const Image out = overlay_heat(Image(80, 40, 3, 100), heat, 1);
  EXPECT_EQ(out.width, 80);
  EXPECT_EQ(out.height, 40);
  EXPECT_EQ(out.channels, 3);
  const auto pixel = [&](int x, int y) {
    return Rgb{out.at(x, y, 0), out.at(x, y, 1), out.at(x, y, 2)};
  };
  EXPECT_EQ(pixel(78, 2), heat_colour(1));
  EXPECT_EQ(pixel(2, 38), heat_colour(0));
  EXPECT_EQ(pixel(50, 38), heat_colour(.5));
}

TEST(Overlay, StrengthZeroIsTheGrayPicture) {
  Image picture(2, 1, 3);
  picture.pixels = {255, 0, 0, 10, 20, 30};
  const Image out = overlay_heat(picture, Raster<float>(1, 1, 1, 5), 0);
  EXPECT_EQ(out.pixels, (std::vector<uint8_t>{76, 76, 76, 18, 18, 18}));  // ITU-R BT.601 luma
}

TEST(Overlay, NotANumberCountsAsLowest) {
  Raster<float> heat(2, 1, 1);
  heat.pixels = {std::numeric_limits<float>::quiet_NaN(), 1};
  EXPECT_NO_THROW(overlay_heat(Image(4, 4, 1), heat));
  heat.pixels[1] = std::numeric_limits<float>::infinity();
  const Image out = overlay_heat(Image(4, 4, 4), heat, 1);
  EXPECT_EQ((Rgb{out.at(3, 0, 0), out.at(3, 0, 1), out.at(3, 0, 2)}), heat_colour(0));
  EXPECT_THROW(overlay_heat(Image(), heat), Error);
  EXPECT_THROW(overlay_heat(Image(2, 2, 3), Raster<float>(2, 2, 2)), Error);
}

}  // namespace
}  // namespace espalier
