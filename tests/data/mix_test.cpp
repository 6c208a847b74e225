#include "espalier/data/mix.h"

#include <cmath>

#include <gtest/gtest.h>

#include "espalier/core/error.h"

#include "tests/data/golden_images.h"

namespace espalier {
namespace {

const Json& golden() {
  static const Json read = read_golden("augment_golden.json");
  return read;
}

// Three pictures of 8 x 6 levels, three of four classes.
Batch golden_batch() {
  const Json& mixed = golden().at("mixed");
  Batch batch{.count = 3, .height = 6, .width = 8, .channels = 1};
  batch.pixels = mixed.at("images").get<std::vector<uint8_t>>();
  for (int64_t id : mixed.at("labels").get<std::vector<int64_t>>()) {
    batch.truth.push_back({.width = 8, .height = 6, .labels = {{.id = id}}});
    batch.indices.push_back(10 + id);
  }
  return batch;
}

// Flat pictures of level 10 i, classes 0, 1, 2, ... and every other field filled.
Batch flat_batch(int count, int side) {
  Batch batch{.count = count, .height = side, .width = side, .channels = 3};
  const size_t bytes = static_cast<size_t>(side) * static_cast<size_t>(side) * 3;
  for (int i = 0; i < count; ++i) {
    batch.pixels.insert(batch.pixels.end(), bytes, static_cast<uint8_t>(10 * i));
    Annotation truth{.width = side, .height = side, .labels = {{.id = i}}};
    truth.instances.push_back({{1, 1, 3, 3}, 1, 1, Image(side, side, 1, 255), 2});
    truth.semantic = truth.alpha = Image(side, side, 1, 1);
    truth.points = {{2, 2, 0}};
    batch.truth.push_back(truth);
    batch.indices.push_back(i);
  }
  return batch;
}

TEST(Mix, PicturesAndSharesAreTorchvisions) {
  int seen = 0;
  for (const Json& c : golden().at("mixed").at("cases")) {
    Batch batch = golden_batch();
    if (c.contains("mixup")) {
      blend_neighbours(batch, c.at("mixup"));
    } else {
      const std::vector<int> box = c.at("cutmix");
      patch_from_neighbours(batch, {box[0], box[1], box[2], box[3]});
    }
    const std::vector<double> pixels = c.at("pixels");
    for (size_t i = 0; i < pixels.size(); ++i)
      EXPECT_NEAR(batch.pixels[i], pixels[i], c.contains("mixup") ? 0.5001 : 0);
    for (size_t i = 0; i < 3; ++i) {
      std::vector<double> shares(4);
      for (const Label& label : batch.truth[i].labels)
        shares[static_cast<size_t>(label.id)] = static_cast<double>(label.score);
      for (size_t k = 0; k < 4; ++k) EXPECT_NEAR(shares[k], c.at("soft")[i][k].get<double>(), 1e-6);
    }
    EXPECT_EQ(batch.indices, golden_batch().indices);
    ++seen;
  }
  EXPECT_EQ(seen, 2);
}

TEST(Mix, PutsTheLargerShareFirstAndJoinsEqualClasses) {
  Batch batch = golden_batch();
  blend_neighbours(batch, 0.25);
  EXPECT_EQ(batch.truth[1].labels, (std::vector<Label>{{2, 0.75f}, {0, 0.25f}}));
  batch = golden_batch();
  batch.truth[1].labels = {{.id = 2}};
  blend_neighbours(batch, 0.25);
  EXPECT_EQ(batch.truth[1].labels, (std::vector<Label>{{2, 1}}));
  // What is already mixed is mixed on.
  batch.truth[0].labels = {{1, 0.5f}, {2, 0.5f}}, batch.truth[1].labels = {{2, 1}};
  blend_neighbours(batch, 0.5);
  EXPECT_EQ(batch.truth[1].labels, (std::vector<Label>{{2, 0.75f}, {1, 0.25f}}));
}

TEST(Mix, EmptiesTheFieldsThatNoLongerDescribeThePicture) {
  for (bool cut : {false, true}) {
    Batch batch = flat_batch(3, 8);
    cut ? patch_from_neighbours(batch, {0, 0, 4, 8}) : blend_neighbours(batch, 0.5);
    for (const Annotation& truth : batch.truth) {
      EXPECT_EQ(truth.labels.size(), 2u);
      EXPECT_EQ(truth, (Annotation{.width = 8, .height = 8, .labels = truth.labels}));
    }
  }
}

TEST(Mix, ThatChangesNothingKeepsEveryField) {
  const Batch before = flat_batch(3, 8), single = flat_batch(1, 8);
  Batch batch = before, alone = single;
  blend_neighbours(batch, 1);
  patch_from_neighbours(batch, {3, 3, 3, 7});
  EXPECT_EQ(batch.truth, before.truth);
  EXPECT_EQ(batch.pixels, before.pixels);
  Random random(1);
  mix_batches(1, 1)(alone, random);
  EXPECT_EQ(alone.truth, single.truth);
  EXPECT_EQ(alone.pixels, single.pixels);
}

// The share that sample 1 (level 10, class 1) kept of itself.
double kept(const Batch& batch) {
  for (const Label& label : batch.truth[1].labels)
    if (label.id == 1) return static_cast<double>(label.score);
  return 0;
}

TEST(Mix, DrawsSharesFromTheBetaDistribution) {
  for (double alpha : {0.1, 0.2, 1.0, 4.0}) {
    const BatchTransform mix = mix_batches(alpha, 0);
    const int draws = 20000;
    double sum = 0, squares = 0;
    int small = 0;
    for (int i = 0; i < draws; ++i) {
      Random random = Random(3).stream(static_cast<uint64_t>(i));
      Batch batch = flat_batch(2, 1);
      mix(batch, random);
      const double share = kept(batch);
      sum += share, squares += (share - 0.5) * (share - 0.5), small += share < 0.1;
    }
    const double variance = 1 / (4 * (2 * alpha + 1));
    EXPECT_NEAR(sum / draws, 0.5, 4 * std::sqrt(variance / draws)) << alpha;
    EXPECT_NEAR(squares / draws, variance, 0.03 * variance + 0.001) << alpha;
    // From scipy.stats.beta.cdf(0.1, alpha, alpha).
    const double below = alpha == 0.1   ? 0.40639
                         : alpha == 0.2 ? 0.33669
                         : alpha == 1   ? 0.1
                                        : 0.00273;
    EXPECT_NEAR(static_cast<double>(small) / draws, below, 0.015) << alpha;
  }
}

TEST(Mix, CutsBoxesAsLargeAsTheirShare) {
  const BatchTransform mix = mix_batches(0, 1);
  double sum = 0;
  const int draws = 1500;
  for (int i = 0; i < draws; ++i) {
    Random random = Random(8).stream(static_cast<uint64_t>(i));
    Batch batch = flat_batch(2, 120);
    mix(batch, random);
    const size_t bytes = batch.pixels.size() / 2;
    const auto own =
        std::count(batch.pixels.begin() + static_cast<ptrdiff_t>(bytes), batch.pixels.end(), 10);
    const double share = static_cast<double>(own) / static_cast<double>(bytes);
    EXPECT_NEAR(kept(batch), share, 1e-6);
    sum += share;
  }
  // Beta(1, 1) would give 1/2; boxes that reach over the edge are cut: the mean share that is
  // replaced is E[r^2 (1 - r/4)^2], r the side as a part of the frame's and r^2 even on [0, 1].
  EXPECT_NEAR(sum / draws, 1 - (1.0 / 2 - 1.0 / 5 + 1.0 / 48), 0.025);
}

TEST(Mix, TakesBothByACoinWhenBothAreOn) {
  const BatchTransform mix = mix_batches(1, 1);
  int blended = 0;
  for (uint64_t i = 0; i < 400; ++i) {
    Random random = Random(9).stream(i);
    Batch batch = flat_batch(2, 16);
    mix(batch, random);
    blended += std::count(batch.pixels.begin() + 16 * 16 * 3, batch.pixels.end(), 10) == 0;
  }
  EXPECT_NEAR(blended, 200, 60);
}

TEST(Mix, IsNothingWhenOffAndRefusesImpossibleSettings) {
  EXPECT_FALSE(mix_batches(0, 0));
  EXPECT_THROW(mix_batches(-1, 0), Error);
  EXPECT_THROW(mix_batches(0, std::nan("")), Error);
  Batch batch = flat_batch(2, 4);
  EXPECT_THROW(blend_neighbours(batch, 1.5), Error);
  EXPECT_THROW(patch_from_neighbours(batch, {0, 0, 5, 2}), Error);
}

}  // namespace
}  // namespace espalier
