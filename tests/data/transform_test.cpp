#include "espalier/data/transform.h"

#include <cmath>
#include <numbers>
#include <set>

#include <gtest/gtest.h>

#include "espalier/core/error.h"

#include "tests/data/golden_images.h"

namespace espalier {
namespace {

const Json& golden() {
  static const Json read = read_golden("resize_golden.json");
  return read;
}

Image input(const Json& golden_case) {
  return stored(golden().at("inputs").at(golden_case.at("input").get<std::string>()));
}

template <class Body>
std::string message_of(Kind kind, Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind);
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

TEST(Resize, MatchesPillowToOneLevel) {
  for (const Json& c : golden().at("resized")) {
    const std::vector<double> box = c.at("box");
    const int width = c.at("width"), height = c.at("height");
    const double x = (box[2] - box[0]) / width, y = (box[3] - box[1]) / height;
    const Sample out = warp(sample_of(input(c)), {x, 0, box[0], 0, y, box[1]}, width, height);
    EXPECT_LE(farthest(out.image, stored(c)), 1) << width << " x " << height;
    const Image whole = input(c);
    if (box[2] - box[0] == whole.width && box[3] - box[1] == whole.height) {
      EXPECT_EQ(resize(whole, width, height), out.image);
    }
  }
}

TEST(Resize, OfTheSameSizeKeepsTheBits) {
  for (int channels : {1, 3, 4}) {
    const Image image = noise(19, 13, channels);
    EXPECT_EQ(resize(image, 19, 13), image);
  }
}

TEST(Resize, KeepsLinearRampsAwayFromTheBorder) {
  Image ramp(60, 40, 3);
  for (int y = 0; y < 40; ++y)
    for (int x = 0; x < 60; ++x) {
      ramp.at(x, y, 0) = static_cast<uint8_t>(10 + 4 * x);
      ramp.at(x, y, 1) = static_cast<uint8_t>(200 - 4 * y);
      ramp.at(x, y, 2) = static_cast<uint8_t>(2 * x + 2 * y);
    }
  const Image half = resize(ramp, 30, 20), twice = resize(ramp, 120, 80);
  for (int y = 2; y < 18; ++y)
    for (int x = 2; x < 28; ++x) {  // the centre of the output pixel is at 2x + 1/2 of the input
      EXPECT_EQ(half.at(x, y, 0), 12 + 8 * x);
      EXPECT_EQ(half.at(x, y, 1), 198 - 8 * y);
      EXPECT_EQ(half.at(x, y, 2), 4 * x + 4 * y + 2);
    }
  for (int y = 2; y < 78; ++y)
    for (int x = 2; x < 118; ++x) {  // at x/2 - 1/4
      EXPECT_EQ(twice.at(x, y, 0), 9 + 2 * x);
      EXPECT_EQ(twice.at(x, y, 1), 201 - 2 * y);
      EXPECT_EQ(twice.at(x, y, 2), x + y - 1);
    }
}

TEST(Resize, KeepsConstantsAndExtremes) {
  for (int value : {0, 1, 77, 254, 255})
    for (auto [width, height] : {std::pair{7, 5}, {100, 90}, {31, 3}, {1, 1}}) {
      const Image flat(31, 23, 3, static_cast<uint8_t>(value));
      EXPECT_EQ(resize(flat, width, height), Image(width, height, 3, static_cast<uint8_t>(value)));
    }
}

TEST(Resize, PreservesTheAreaOfADisc) {
  Image disc(200, 160, 1);
  double before = 0;
  for (int y = 0; y < 160; ++y)
    for (int x = 0; x < 200; ++x) {
      disc.at(x, y) = std::hypot(x + 0.5 - 97, y + 0.5 - 81) < 50 ? 255 : 0;
      before += disc.at(x, y);
    }
  for (auto [width, height] : {std::pair{100, 80}, {57, 43}, {33, 120}, {13, 11}, {311, 200}}) {
    double after = 0;
    for (uint8_t value : resize(disc, width, height).pixels) after += value;
    EXPECT_NEAR(after * (200.0 / width) * (160.0 / height) / before, 1, 0.01) << width;
  }
}

TEST(Resize, RefusesWhatHasNoSize) {
  EXPECT_NE(message_of(Kind::usage, [] { resize(Image(3, 3, 3), 0, 5); }).find("0 x 5"),
            std::string::npos);
  message_of(Kind::data, [] { resize(Image(), 5, 5); });
  message_of(Kind::unsupported, [] { resize(Image(4, 4, 2), 5, 5); });
}

TEST(Warp, MatchesPillowsAffineToOneLevel) {
  for (const Json& c : golden().at("warped")) {
    const Sample out = warp(sample_of(input(c)), c.at("matrix"), c.at("width"), c.at("height"));
    EXPECT_LE(farthest(out.image, stored(c)), 1);
  }
}

// The inverse map of a turn by `quarters` right angles, made of cosines as a caller would.
Affine turn(int quarters, int width, int height) {
  const double angle = quarters * std::numbers::pi / 2, c = std::cos(angle), s = std::sin(angle);
  const int out_width = quarters % 2 ? height : width, out_height = quarters % 2 ? width : height;
  const double x = out_width / 2.0, y = out_height / 2.0;
  return {c, s, width / 2.0 - c * x - s * y, -s, c, height / 2.0 + s * x - c * y};
}

TEST(Warp, TurnsByRightAnglesExactly) {
  for (int channels : {1, 3}) {
    const Image image = noise(11, 6, channels);
    const Image once = warp(sample_of(image), turn(1, 11, 6), 6, 11).image;
    const Image half = warp(sample_of(image), turn(2, 11, 6), 11, 6).image;
    for (int y = 0; y < 6; ++y)
      for (int x = 0; x < 11; ++x)
        for (int c = 0; c < channels; ++c) {
          EXPECT_EQ(once.at(5 - y, x, c), image.at(x, y, c));
          EXPECT_EQ(half.at(10 - x, 5 - y, c), image.at(x, y, c));
        }
    Image back = once;
    for (int i = 0; i < 3; ++i) {
      const int width = back.width, height = back.height;
      back = warp(sample_of(back), turn(1, width, height), height, width).image;
    }
    EXPECT_EQ(back, image);
  }
}

TEST(Warp, ShiftsByWholePixelsWithFill) {
  const Image image = noise(8, 5, 3);
  for (int dx = -10; dx <= 10; ++dx)
    for (int dy = -7; dy <= 7; ++dy) {
      const Image out =
          warp(sample_of(image), {1, 0, double(dx), 0, 1, double(dy)}, 9, 4, 77).image;
      for (int y = 0; y < 4; ++y)
        for (int x = 0; x < 9; ++x) {
          const int u = x + dx, v = y + dy;
          const bool inside = u >= 0 && v >= 0 && u < 8 && v < 5;
          ASSERT_EQ(out.at(x, y, 1), inside ? image.at(u, v, 1) : 77);
        }
    }
}

TEST(Warp, KeepsAWholeNumberOfSamplesWhenItShrinksAndTurns) {
  // A fine checkerboard is gray from afar; point sampling would leave it black and white.
  Image board(240, 240, 1);
  for (int y = 0; y < 240; ++y)
    for (int x = 0; x < 240; ++x) board.at(x, y) = (x + y) % 2 ? 255 : 0;
  const double c = 6 * std::cos(0.3), s = 6 * std::sin(0.3);
  const Image out =
      warp(sample_of(board), {c, s, 120 - 10 * (c + s), -s, c, 120 + 10 * (s - c)}, 20, 20).image;
  for (int y = 0; y < 20; ++y)
    for (int x = 0; x < 20; ++x) EXPECT_NEAR(out.at(x, y), 127.5, 20) << x << " " << y;
}

TEST(Warp, RefusesMapsWithoutAnInverse) {
  const Sample s = sample_of(noise(5, 5, 3));
  EXPECT_NE(message_of(Kind::usage,
                       [&] {
                         warp(s, {1, 2, 0, 2, 4, 0}, 5, 5);
                       })
                .find("invertible"),
            std::string::npos);
  message_of(Kind::usage, [&] { warp(s, {NAN, 0, 0, 0, 1, 0}, 5, 5); });
  message_of(Kind::usage, [&] { warp(s, {1, 0, 0, 0, 1, 0}, 5, -1); });
  // Extreme maps show nothing, and end.
  for (double big : {1e9, 1e15, 1e30})
    for (const Affine& m :
         {Affine{big, 0, 0, 0, big, 0}, Affine{1, 0, big, 0, 1, -big},
          Affine{big, 1, 0, -1, big, 0}, Affine{big, 1, -big / 2, -1, big, -big / 2}})
      EXPECT_EQ(warp(s, m, 4, 4, 9).image.width, 4);
}

TEST(Flip, TwiceIsTheIdentity) {
  Random random(1);
  const Transform flip = random_flip(1);
  for (int channels : {1, 3, 4}) {
    const Image image = noise(13, 6, channels);
    const Sample once = flip(sample_of(image), random);
    EXPECT_NE(once.image, image);
    EXPECT_EQ(once.image.at(0, 2, channels - 1), image.at(12, 2, channels - 1));
    EXPECT_EQ(flip(once, random).image, image);
  }
}

TEST(Flip, HappensAsOftenAsAsked) {
  Random random(2);
  Image image(2, 1, 1);
  image.at(0, 0) = 255;
  int flipped = 0;
  for (int i = 0; i < 2000; ++i)
    flipped += random_flip(0.3)(sample_of(image), random).image.at(1, 0) == 255;
  EXPECT_NEAR(flipped, 600, 4 * std::sqrt(2000 * 0.3 * 0.7));
}

TEST(Crop, OfTheCentreCutsAndPadsEvenly) {
  Random random(1);
  const Image image = noise(7, 9, 3);
  const Image out = center_crop(3, 13)(sample_of(image), random).image;
  ASSERT_EQ(out.width, 3);
  ASSERT_EQ(out.height, 13);
  for (int y = 0; y < 13; ++y)
    for (int x = 0; x < 3; ++x)
      EXPECT_EQ(out.at(x, y, 0), y >= 2 && y < 11 ? image.at(x + 2, y - 2, 0) : 0);
}

TEST(Crop, AtRandomReachesEveryPlaceAndNoOther) {
  Image image(4, 4, 1);
  for (int i = 0; i < 16; ++i) image.pixels[static_cast<size_t>(i)] = static_cast<uint8_t>(i + 1);
  std::set<std::string> seen;
  Random random(3);
  const Transform crop = random_crop(4, 4, 1, 99);
  for (int i = 0; i < 500; ++i) {
    const Image out = crop(sample_of(image), random).image;
    seen.insert(std::string(out.pixels.begin(), out.pixels.end()));
  }
  std::set<std::string> all;
  for (int dy : {-1, 0, 1})
    for (int dx : {-1, 0, 1}) {
      std::string pixels;
      for (int y = dy; y < dy + 4; ++y)
        for (int x = dx; x < dx + 4; ++x)
          pixels.push_back(
              static_cast<char>(x < 0 || y < 0 || x > 3 || y > 3 ? 99 : image.at(x, y)));
      all.insert(pixels);
    }
  EXPECT_EQ(seen, all);
}

TEST(Crop, AtRandomResizedKeepsAreaAndAspectInTheirRanges) {
  Image place(250, 200, 3);  // says where it is
  for (int y = 0; y < 200; ++y)
    for (int x = 0; x < 250; ++x)
      place.at(x, y, 0) = static_cast<uint8_t>(x), place.at(x, y, 1) = static_cast<uint8_t>(y);
  Random random(4);
  const Transform crop = random_resized_crop(40, 0.1, 0.6);
  double least = 1, most = 0;
  for (int i = 0; i < 300; ++i) {
    const Image out = crop(sample_of(place), random).image;
    ASSERT_EQ(out.width, 40);
    const double width = (out.at(35, 20, 0) - out.at(4, 20, 0)) * 40 / 31.0;
    const double height = (out.at(20, 35, 1) - out.at(20, 4, 1)) * 40 / 31.0;
    const double share = width * height / (250 * 200);
    least = std::min(least, share), most = std::max(most, share);
    EXPECT_GT(share, 0.1 * 0.93);
    EXPECT_LT(share, 0.6 * 1.07);
    EXPECT_GT(width / height, 0.75 * 0.95);
    EXPECT_LT(width / height, 4 / 3.0 * 1.05);
  }
  EXPECT_LT(least, 0.13);
  EXPECT_GT(most, 0.5);
}

TEST(Crop, AtRandomResizedTakesTheCentreWhenNothingFits) {
  Image strip(1000, 10, 1);
  for (int y = 0; y < 10; ++y)
    for (int x = 490; x < 510; ++x) strip.at(x, y) = 255;
  Random random(5);
  const Image out =
      random_resized_crop(8, 0.9, 1)(sample_of(strip), random).image;  // 13 x 10 of the middle
  EXPECT_EQ(out, Image(8, 8, 1, 255));
}

TEST(Pad, FillsRightAndBottom) {
  Random random(1);
  const Image image = noise(3, 2, 3);
  const Image out = pad_to(5, 4, 9)(sample_of(image), random).image;
  for (int y = 0; y < 4; ++y)
    for (int x = 0; x < 5; ++x) EXPECT_EQ(out.at(x, y, 1), x < 3 && y < 2 ? image.at(x, y, 1) : 9);
  EXPECT_NE(message_of(Kind::data, [&] { pad_to(2, 4)(sample_of(image), random); }).find("3 x 2"),
            std::string::npos);
}

TEST(Resize, OfTheShortSideKeepsTheAspect) {
  Random random(1);
  EXPECT_EQ(resize_short_side(224)(sample_of(Image(500, 375, 1)), random).image.width,
            298);  // torchvision's
  EXPECT_EQ(resize_short_side(224)(sample_of(Image(375, 500, 1)), random).image.height, 298);
  EXPECT_EQ(resize_short_side(30)(sample_of(Image(10, 20, 1)), random).image.height, 60);
}

TEST(Colour, MatchesPillowToOneLevel) {
  for (const Json& c : golden().at("colours")) {
    Image image = input(c);
    const std::string kind = c.at("kind");
    const double factor = c.at("factor");
    if (kind == "brightness") adjust_brightness(image, factor);
    if (kind == "contrast") adjust_contrast(image, factor);
    if (kind == "saturation") adjust_saturation(image, factor);
    EXPECT_LE(farthest(image, stored(c)), 1) << kind << " " << factor;
  }
}

TEST(Colour, FactorOneKeepsTheBits) {
  for (int channels : {1, 3}) {
    const Image image = noise(16, 16, channels);
    for (auto adjust : {adjust_brightness, adjust_contrast, adjust_saturation}) {
      Image same = image;
      adjust(same, 1);
      EXPECT_EQ(same, image);
    }
    Random random(1);
    EXPECT_EQ(colour_jitter(0, 0, 0)(sample_of(image), random).image, image);
  }
}

TEST(Colour, JitterSpansItsRangeInEveryOrder) {
  Random random(6);
  const Image gray(2, 2, 1, 100);
  int least = 255, most = 0;
  for (int i = 0; i < 500; ++i) {
    const int value = colour_jitter(0.4, 0, 0)(sample_of(gray), random).image.pixels[0];
    least = std::min(least, value), most = std::max(most, value);
  }
  EXPECT_GE(least, 60);
  EXPECT_LE(least, 62);
  EXPECT_LE(most, 140);
  EXPECT_GE(most, 138);
  // Black and white under full contrast and brightness: which came first decides whether black can leave 0.
  Image two(2, 1, 1);
  two.pixels = {0, 250};
  int lifted = 0;
  for (int i = 0; i < 400; ++i) {
    const auto pixels = colour_jitter(0.5, 0.9, 0)(sample_of(two), random).image.pixels;
    lifted += pixels[0] > 0;
  }
  EXPECT_GT(lifted, 100);
  EXPECT_LT(lifted, 300);
}

TEST(Transform, ChainPassesTheStreamAlong) {
  Random random(7), same(7);
  std::vector<double> drawn;
  const Transform draw = [&](Sample s, Random& r) {
    drawn.push_back(r.uniform());
    return s;
  };
  chain({draw, draw, draw})(sample_of(Image(1, 1, 1)), random);
  for (double value : drawn) EXPECT_EQ(value, same.uniform());
  EXPECT_EQ(drawn.size(), 3u);
}

TEST(Transform, RefusesSettingsThatCannotWork) {
  message_of(Kind::usage, [] { resize_to(0, 3); });
  message_of(Kind::usage, [] { random_crop(4, 4, -1); });
  message_of(Kind::usage, [] { random_resized_crop(8, 0); });
  message_of(Kind::usage, [] { random_resized_crop(8, 0.5, 1.5); });
  message_of(Kind::usage, [] { random_resized_crop(8, 0.5, 1, 2, 1); });
  message_of(Kind::usage, [] { random_affine(10, 0, 0, 1); });
  message_of(Kind::usage, [] { colour_jitter(0, -1, 0); });
  Random random(1);
  message_of(Kind::data, [&] { resize_short_side(5)(Sample{}, random); });
}

}  // namespace
}  // namespace espalier
