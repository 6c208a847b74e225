// Every field of the annotation under every transform: a red rectangle on green is at once an object with a box and a
// mask, the foreground, a class and a point. Whatever happens to the picture must happen to all of them.
#include <cmath>

#include <gtest/gtest.h>

#include "espalier/core/error.h"
#include "espalier/data/policy.h"
#include "espalier/data/transform.h"

namespace espalier {
namespace {

constexpr int kWidth = 96, kHeight = 80;

struct Corners {
  int x0, y0, x1, y1;
};

Sample rectangle(const Corners& r) {
  Sample s;
  s.id = "rectangle";
  s.image = Image(kWidth, kHeight, 3);
  s.truth.width = kWidth, s.truth.height = kHeight;
  s.truth.labels = {{.id = 4}};
  s.truth.semantic = s.truth.alpha = Image(kWidth, kHeight, 1);
  Image mask(kWidth, kHeight, 1);
  for (int y = 0; y < kHeight; ++y)
    for (int x = 0; x < kWidth; ++x) {
      const bool in = x >= r.x0 && x < r.x1 && y >= r.y0 && y < r.y1;
      s.image.at(x, y, in ? 0 : 1) = 200;
      mask.at(x, y) = s.truth.alpha.at(x, y) = in ? 255 : 0;
      s.truth.semantic.at(x, y) = in ? 1 : 0;
    }
  const Box box{float(r.x0), float(r.y0), float(r.x1), float(r.y1)};
  s.truth.instances.push_back({box, 3, 1, mask, 17});
  s.truth.points.push_back({(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2, 3});
  return s;
}

bool red(const Image& image, int x, int y) {
  return image.at(x, y, 0) > image.at(x, y, 1);
}

// What is red in the picture: its bounds, centre and number of pixels.
struct Seen {
  int x0 = 1 << 20, y0 = 1 << 20, x1 = 0, y1 = 0, count = 0;
  double x = 0, y = 0;
  bool cut(const Image& image) const {
    return x0 == 0 || y0 == 0 || x1 == image.width || y1 == image.height;
  }
};

Seen look(const Image& image) {
  Seen seen;
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x)
      if (red(image, x, y)) {
        seen.x0 = std::min(seen.x0, x), seen.x1 = std::max(seen.x1, x + 1);
        seen.y0 = std::min(seen.y0, y), seen.y1 = std::max(seen.y1, y + 1);
        ++seen.count, seen.x += x + 0.5, seen.y += y + 0.5;
      }
  if (seen.count) seen.x /= seen.count, seen.y /= seen.count;
  return seen;
}

// Outside the input all channels are equal, whatever the colours went through.
bool outside(const Image& image, int x, int y) {
  return image.at(x, y, 0) == image.at(x, y, 1);
}

// Do the pixels within one pixel of this one show different things? Beyond the frame they might.
bool at_edge(const Image& image, int x, int y) {
  auto what = [&](int u, int v) { return outside(image, u, v) ? 2 : red(image, u, v) ? 1 : 0; };
  if (x == 0 || y == 0 || x == image.width - 1 || y == image.height - 1) return true;
  for (int v = y - 1; v <= y + 1; ++v)
    for (int u = x - 1; u <= x + 1; ++u)
      if (what(u, v) != what(x, y)) return true;
  return false;
}

void expect_rasters_agree(const Sample& s) {
  const Annotation& truth = s.truth;
  ASSERT_EQ(truth.semantic.width, s.image.width);
  ASSERT_EQ(truth.alpha.height, s.image.height);
  const Image* mask = truth.instances.empty() ? nullptr : &truth.instances[0].mask;
  int wrong = 0;
  for (int y = 0; y < s.image.height; ++y)
    for (int x = 0; x < s.image.width; ++x) {
      const int semantic = truth.semantic.at(x, y), alpha = truth.alpha.at(x, y);
      if (at_edge(s.image, x, y)) continue;
      if (outside(s.image, x, y)) {
        wrong += semantic != Annotation::kIgnore || alpha != 0 || (mask && mask->at(x, y));
        continue;
      }
      const bool in = red(s.image, x, y);
      wrong += semantic != (in ? 1 : 0);
      wrong += in ? alpha < 128 : alpha >= 128;
      if (mask) wrong += mask->at(x, y) != (in ? 255 : 0);
    }
  EXPECT_EQ(wrong, 0);
}

// `tip`: how much of a turned corner may be too thin to colour a pixel.
void expect_consistent(const Sample& s, double tip) {
  EXPECT_EQ(s.id, "rectangle");
  EXPECT_EQ(s.truth.width, s.image.width);
  EXPECT_EQ(s.truth.height, s.image.height);
  EXPECT_EQ(s.truth.labels, (std::vector<Label>{{.id = 4}}));
  expect_rasters_agree(s);
  const Seen seen = look(s.image);
  if (s.truth.instances.empty()) {
    EXPECT_LE(seen.count, 2);
  } else {
    const Instance& object = s.truth.instances[0];
    EXPECT_EQ(object.label, 3);
    EXPECT_EQ(object.track, 17);
    EXPECT_GE(object.box.x0, 0);
    EXPECT_LE(object.box.x1, float(s.image.width));
    if (seen.count) {  // nothing red lies outside the box
      EXPECT_GE(seen.x0, object.box.x0 - 1);
      EXPECT_GE(seen.y0, object.box.y0 - 1);
      EXPECT_LE(seen.x1, object.box.x1 + 1);
      EXPECT_LE(seen.y1, object.box.y1 + 1);
    }
    if (!seen.cut(s.image)) {  // and the box is no larger than it must be
      EXPECT_NEAR(seen.x0, object.box.x0, tip);
      EXPECT_NEAR(seen.y0, object.box.y0, tip);
      EXPECT_NEAR(seen.x1, object.box.x1, tip);
      EXPECT_NEAR(seen.y1, object.box.y1, tip);
    }
  }
  for (const Point& p : s.truth.points) EXPECT_TRUE(red(s.image, int(p.x), int(p.y)));
  if (seen.count && !seen.cut(s.image)) {
    ASSERT_EQ(s.truth.points.size(), 1u);
    EXPECT_NEAR(s.truth.points[0].x, seen.x, 1);
    EXPECT_NEAR(s.truth.points[0].y, seen.y, 1);
  }
}

Corners draw_corners(Random& random) {
  const int x = int(random.below(70)), y = int(random.below(60));
  return {x, y, x + 8 + int(random.below(kWidth - 78)), y + 7 + int(random.below(kHeight - 67))};
}

TEST(EveryField, FollowsThePictureWithoutTurns) {
  const std::vector<Transform> transforms{resize_to(50, 60),
                                          resize_to(200, 90),
                                          resize_short_side(40),
                                          resize_short_side(100),
                                          center_crop(60, 64),
                                          center_crop(120, 40),
                                          random_resized_crop(48),
                                          random_resized_crop(64, 0.3, 0.8),
                                          random_crop(64, 64, 8),
                                          pad_to(100, 120),
                                          random_flip(1),
                                          random_affine(0, 0.3, 0.6, 1.5),
                                          colour_jitter(0.4, 0.4, 0.4)};
  for (size_t t = 0; t < transforms.size(); ++t) {
    SCOPED_TRACE(t);
    for (uint64_t draw = 0; draw < 40; ++draw) {
      SCOPED_TRACE(draw);
      Random random = Random(11).stream(t).stream(draw);
      expect_consistent(transforms[t](rectangle(draw_corners(random)), random), 1.01);
      if (HasFailure()) return;
    }
  }
}

TEST(EveryField, FollowsThePictureThroughTwoHundredRandomAffines) {
  const Transform affine = random_affine(180, 0.3, 0.6, 2);
  for (uint64_t draw = 0; draw < 200; ++draw) {
    SCOPED_TRACE(draw);
    Random random = Random(12).stream(draw);
    expect_consistent(affine(rectangle(draw_corners(random)), random), 2);
    if (HasFailure()) return;
  }
}

TEST(EveryField, FollowsThePictureThroughEveryOperationOfThePolicies) {
  int moved = 0;
  for (const PolicyOperation& operation : trivial_augment_operations())
    for (size_t step = 0; step < operation.magnitudes.size(); ++step)
      for (double sign : {-1.0, 1.0}) {
        if (sign < 0 && !operation.either_way) continue;
        SCOPED_TRACE(operation.name + " step " + std::to_string(step));
        Random random = Random(15).stream(step);
        const Sample before = rectangle(draw_corners(random));
        const Sample after =
            apply_operation(operation.name, sign * operation.magnitudes[step], before);
        const bool geometric = operation.name.starts_with("shear_") ||
                               operation.name.starts_with("translate_") ||
                               operation.name == "rotate";
        if (geometric) {
          expect_consistent(after, 2);
          moved += after.truth != before.truth;
        } else {
          EXPECT_EQ(after.truth, before.truth);
        }
        if (HasFailure()) return;
      }
  EXPECT_GT(moved, 250);  // of 300 that are not of strength 0
}

TEST(EveryField, FollowsThePictureThroughAPipeline) {
  const Transform all =
      chain({random_affine(30, 0.1, 0.9, 1.3), random_flip(), random_resized_crop(64, 0.4),
             colour_jitter(0.3, 0.3, 0.3), random_crop(64, 64, 6)});
  for (uint64_t draw = 0; draw < 100; ++draw) {
    SCOPED_TRACE(draw);
    Random random = Random(13).stream(draw);
    const Sample s = all(rectangle(draw_corners(random)), random);
    expect_rasters_agree(s);
    if (HasFailure()) return;
  }
}

TEST(EveryField, FollowsAMapInClosedForm) {
  Random random(14);
  for (int draw = 0; draw < 200; ++draw) {
    const Corners r = draw_corners(random);
    const double angle = random.uniform(0, 6.28), scale = random.uniform(0.5, 2);
    const double c = scale * std::cos(angle), d = scale * std::sin(angle),
                 k = random.uniform(-0.2, 0.2);
    const Affine m{c + k, d, 48 - 30 * (c + k) - 40 * d, -d, c - k, 40 + 30 * d - 40 * (c - k)};
    const Sample s = warp(rectangle(r), m, 60, 80);
    const double margin = 1 + scale;  // of the filter, in input pixels
    for (int y = 0; y < 80; ++y)
      for (int x = 0; x < 60; ++x) {
        const double u = m[0] * (x + 0.5) + m[1] * (y + 0.5) + m[2];
        const double v = m[3] * (x + 0.5) + m[4] * (y + 0.5) + m[5];
        const double depth = std::min({u - r.x0, r.x1 - u, v - r.y0, r.y1 - v});
        if (std::abs(depth) < margin) continue;
        const bool seen = u >= 0 && v >= 0 && u < kWidth && v < kHeight;
        ASSERT_EQ(s.image.at(x, y, 0), depth > 0 ? 200 : 0);
        ASSERT_EQ(s.image.at(x, y, 1), seen && depth < 0 ? 200 : 0);
        ASSERT_EQ(s.truth.alpha.at(x, y), depth > 0 ? 255 : 0);
        ASSERT_EQ(s.truth.semantic.at(x, y), !seen ? 255 : depth > 0 ? 1 : 0);
        if (!s.truth.instances.empty()) {
          ASSERT_EQ(s.truth.instances[0].mask.at(x, y), depth > 0 ? 255 : 0);
        }
      }
    // The point and the corners come back to where they were.
    for (const Point& p : s.truth.points) {
      EXPECT_NEAR(m[0] * p.x + m[1] * p.y + m[2], (r.x0 + r.x1) / 2.0, 1e-3);
      EXPECT_NEAR(m[3] * p.x + m[4] * p.y + m[5], (r.y0 + r.y1) / 2.0, 1e-3);
    }
  }
}

TEST(EveryField, IsMirroredByAFlip) {
  Random random(1);
  const Sample s = random_flip(1)(rectangle({10, 20, 30, 44}), random);
  EXPECT_EQ(s.truth.instances[0].box, (Box{66, 20, 86, 44}));
  EXPECT_EQ(s.truth.points[0], (Point{76, 32, 3}));
  EXPECT_EQ(s.truth.instances[0].mask.at(66, 20), 255);
  EXPECT_EQ(s.truth.instances[0].mask.at(65, 20), 0);
  EXPECT_EQ(s.truth.semantic.at(85, 43), 1);
  EXPECT_EQ(s.truth.alpha.at(86, 43), 0);
  EXPECT_EQ(random_flip(1)(s, random).truth, rectangle({10, 20, 30, 44}).truth);
}

TEST(EveryField, OfAnObjectThatLeftTheFrameIsDropped) {
  Sample s = rectangle({10, 20, 30, 44});
  Random random(1);
  s.truth.instances.push_back({{5, 5, 40, 60}, 8, 1, {}, -1});
  s.truth.points.push_back({0, 0, 1});
  s.truth.points.push_back({95, 79, 2});
  const Sample right = warp(s, {1, 0, 30, 0, 1, 0}, 66, 80);
  ASSERT_EQ(right.truth.instances.size(), 1u);
  EXPECT_EQ(right.truth.instances[0].box, (Box{0, 5, 10, 60}));
  EXPECT_EQ(right.truth.points, (std::vector<Point>{{65, 79, 2}}));
  EXPECT_EQ(warp(s, {1, 0, 29, 0, 1, 0}, 66, 80).truth.instances.size(), 2u);
}

TEST(EveryField, AtTheVeryEdgeSurvivesAFlip) {
  Sample s;
  s.image = Image(10, 10, 1);
  s.truth.points = {{0, 3, 1}};
  Random random(1);
  const Sample flipped = random_flip(1)(s, random);
  ASSERT_EQ(flipped.truth.points.size(), 1u);
  EXPECT_LT(flipped.truth.points[0].x, 10);
  EXPECT_GT(flipped.truth.points[0].x, 9.99);
}

TEST(EveryField, MovesWithoutAnImage) {
  Sample s = rectangle({10, 20, 30, 40});
  s.image = {};
  Random random(1);
  const Sample out = resize_to(48, 40)(s, random);
  EXPECT_TRUE(out.image.empty());
  EXPECT_EQ(out.truth.width, 48);
  EXPECT_EQ(out.truth.instances[0].box, (Box{5, 10, 15, 20}));
}

}  // namespace
}  // namespace espalier
