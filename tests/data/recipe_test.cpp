#include "espalier/data/recipe.h"

#include <set>

#include <gtest/gtest.h>

#include "espalier/core/error.h"
#include "espalier/data/photo_part.h"

namespace espalier {
namespace {

Sample noise(int width, int height, int channels) {
  Random random(1);
  Sample s;
  s.image = Image(width, height, channels);
  for (uint8_t& value : s.image.pixels) value = static_cast<uint8_t>(random.below(256));
  return s;
}

TEST(Recipe, GivesSquaresAndKeepsGrayGray) {
  Random random(1);
  for (const char* augment : {"auto", "none", "light", "standard", "fine"})
    for (const char* how : {"crop", "squash", "pad"})
      for (auto [width, height] : {std::pair{50, 37}, {20, 90}, {32, 32}, {1, 300}, {5, 5}})
        for (int channels : {1, 3})
          for (int side : {32, 80}) {
            const AugmentConfig config{.augment = augment, .resize = how, .crop_share = 0.875};
            for (const Transform& t :
                 {train_transform(config, side), eval_transform(config, side)}) {
              const Image out = t(noise(width, height, channels), random).image;
              EXPECT_EQ(out.width, side);
              EXPECT_EQ(out.height, side);
              EXPECT_EQ(out.channels, channels);
            }
          }
}

TEST(Recipe, EvalCropEqualsResizeThenCentreCrop) {
  Random random(1);
  for (auto [width, height] : {std::pair{123, 97}, {80, 141}, {64, 64}}) {
    const AugmentConfig config{.crop_share = 0.875};
    const Sample s = noise(width, height, 3);
    const Sample steps = chain({resize_short_side(64), center_crop(56, 56)})(s, random);
    EXPECT_EQ(eval_transform(config, 56)(s, random).image, steps.image);
  }
}

TEST(Recipe, EvalLeavesImagesOfTheRightSizeAlone) {
  Random random(1);
  const Sample s = noise(32, 32, 3);
  for (const char* how : {"crop", "squash", "pad"}) {
    EXPECT_EQ(eval_transform({.resize = how}, 32)(s, random).image, s.image);
    EXPECT_EQ(train_transform({.augment = "none", .resize = how}, 32)(s, random).image, s.image);
  }
}

TEST(Recipe, PadShowsTheWholeImage) {
  Random random(1);
  Sample s;
  s.image = Image(100, 50, 1, 200);
  const Image out = eval_transform({.resize = "pad"}, 40)(s, random).image;
  for (int y = 0; y < 40; ++y)
    for (int x = 0; x < 40; ++x) EXPECT_EQ(out.at(x, y), y >= 10 && y < 30 ? 200 : 0);
}

TEST(Recipe, LightMovesByAnEighthAndMirrors) {
  Sample s;
  s.image = Image(32, 32, 1);
  s.image.at(16, 16) = 255;
  for (bool flip : {false, true}) {
    const Transform light = train_transform({.augment = "auto", .flip = flip}, 32);
    std::set<std::pair<int, int>> places;
    Random random(2);
    for (int i = 0; i < 3000; ++i) {
      const Image out = light(s, random).image;
      for (int y = 0; y < 32; ++y)
        for (int x = 0; x < 32; ++x)
          if (out.at(x, y) == 255) places.insert({x, y});
    }
    EXPECT_EQ(places.size(), flip ? 9u * 10 : 9u * 9);  // 12..20, and mirrored 11..19
    EXPECT_EQ(places.begin()->first, flip ? 11 : 12);
  }
}

TEST(Recipe, FineTurnsLittleAndShowsMostOfThePicture) {
  Random random(3);
  Sample ramp;
  ramp.image = Image(96, 96, 1);
  for (int y = 0; y < 96; ++y)
    for (int x = 0; x < 96; ++x) ramp.image.at(x, y) = static_cast<uint8_t>(80 + x);
  const Transform fine = train_transform({.augment = "fine", .flip = false}, 84);
  std::set<int> centres;
  for (int draw = 0; draw < 50; ++draw) {
    const Image out = fine(ramp, random).image;
    // A step to the right shows about a step to the right: cos 15 is 0.97.
    EXPECT_NEAR(out.at(72, 42) - out.at(12, 42), 59, 2);
    // A crop of 84 of 96, turned about the middle of the 96.
    EXPECT_NEAR(out.at(42, 42), 80 + 48, 9);
    centres.insert(out.at(42, 42));
  }
  EXPECT_GT(centres.size(), 5u);
}

TEST(Recipe, StandardChangesColoursOnlyWhenAsked) {
  Sample s;
  s.image = Image(100, 100, 3, 100);
  Random random(3);
  bool changed = false;
  for (int i = 0; i < 20; ++i) {
    changed |= train_transform({}, 96)(s, random).image.pixels[0] != 100;
    EXPECT_EQ(train_transform({.jitter = 0}, 96)(s, random).image, Image(96, 96, 3, 100));
  }
  EXPECT_TRUE(changed);
}

TEST(Recipe, StrongerStepsActWhateverAugmentIsAndKeepGrayGray) {
  const std::vector<AugmentConfig> configs{
      {.augment = "none", .policy = "trivialaugment"},
      {.augment = "none", .policy = "randaugment"},
      {.augment = "none", .blur = 1},
      {.augment = "none", .jpeg_noise = 1},
      {.augment = "none", .erase = 1},
      {.augment = "light", .erase = 1},
      {.augment = "standard", .policy = "randaugment", .blur = 1, .jpeg_noise = 1, .erase = 1}};
  for (const AugmentConfig& config : configs)
    for (int channels : {1, 3}) {
      const Sample s = noise(40, 40, channels);
      Random random(4);
      int changed = 0;
      for (int i = 0; i < 20; ++i) {
        const Image out = train_transform(config, 40)(s, random).image;
        EXPECT_EQ(out.width, 40);
        EXPECT_EQ(out.channels, channels);
        changed += out != s.image;
      }
      EXPECT_GE(changed, 10);
      EXPECT_EQ(eval_transform(config, 40)(s, random).image, s.image);
    }
}

TEST(Recipe, APolicyTakesTheJittersPlace) {
  Sample s;
  s.image = Image(100, 100, 3, 100);
  Random random(3);
  const AugmentConfig config{.augment = "standard", .policy = "randaugment", .randaugment_ops = 0};
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(train_transform(config, 96)(s, random).image, Image(96, 96, 3, 100));
}

TEST(Recipe, AsksTheDecoderForNoLessThanItUses) {
  EXPECT_EQ(decode_side({.crop_share = 0.875}, 224, false), 256);
  EXPECT_EQ(decode_side({.augment = "standard"}, 128, true), kUndecoded);
  EXPECT_EQ(decode_side({.augment = "standard"}, 128, false), 128);
  EXPECT_EQ(decode_side({.resize = "pad"}, 100, false), 100);
}

TEST(Recipe, RefusesUnknownWords) {
  for (const AugmentConfig& config :
       {AugmentConfig{.augment = "strong"}, AugmentConfig{.augment = "none", .resize = "strong"},
        AugmentConfig{.policy = "strong"}}) {
    try {
      train_transform(config, 32);
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Kind::usage);
      EXPECT_NE(std::string(error.what()).find("\"strong\""), std::string::npos);
    }
  }
  AugmentConfig config;
  EXPECT_THROW(set_field(fields(config), "augment", "strong"), Error);
  set_field(fields(config), "min_area", "0.5");
  set_field(fields(config), "mixup", "0.2");
  EXPECT_EQ(config.mixup, 0.2);
  EXPECT_EQ(config.min_area, 0.5);
}

}  // namespace
}  // namespace espalier
