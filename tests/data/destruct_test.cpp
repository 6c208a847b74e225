#include "espalier/data/destruct.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "espalier/core/error.h"
#include "espalier/data/destruct_batches.h"

namespace espalier {
namespace {

Image noise(int width, int height, int channels, uint64_t seed) {
  Image image(width, height, channels);
  Random random(seed);
  for (uint8_t& value : image.pixels) value = static_cast<uint8_t>(random.below(256));
  return image;
}

bool is_permutation(const Destruction& moved) {
  std::set<int> seen(moved.source.begin(), moved.source.end());
  return static_cast<int>(seen.size()) == moved.grid * moved.grid && *seen.begin() == 0 &&
         *seen.rbegin() == moved.grid * moved.grid - 1;
}

TEST(Destruct, IsAPermutationWithinTheReachForAnyGrid) {
  Random random(1);
  for (int grid = 2; grid <= 12; ++grid)
    for (double reach : {0.5, 1.0, 2.0, grid - 1.0}) {
      if (reach >= grid) continue;
      for (int draw = 0; draw < 20; ++draw) {
        Destruction moved = draw_destruction(grid, reach, random);
        ASSERT_TRUE(is_permutation(moved));
        for (int i = 0; i < grid * grid; ++i) {
          int source = moved.source[static_cast<size_t>(i)];
          EXPECT_LT(std::abs(i % grid - source % grid), 2 * reach);
          EXPECT_LT(std::abs(i / grid - source / grid), 2 * reach);
        }
      }
    }
}

TEST(Destruct, WithoutReachNothingMoves) {
  Random random(1);
  Image photo = noise(21, 14, 3, 2);
  Destruction still = draw_destruction(7, 0, random);
  EXPECT_EQ(destruct(photo, still), photo);
  EXPECT_EQ(draw_destruction(1, 0, random).source, std::vector<int>{0});
}

TEST(Destruct, TheSameSeedGivesTheSameMoves) {
  Random first(5), second(5), other(6);
  Destruction moved = draw_destruction(7, 2, first);
  EXPECT_EQ(moved, draw_destruction(7, 2, second));
  EXPECT_NE(moved, draw_destruction(7, 2, other));
  EXPECT_EQ(draw_published_walk(7, first), draw_published_walk(7, second));
}

TEST(Destruct, TheInverseRebuildsThePicture) {
  Random random(3);
  for (int grid : {2, 3, 7}) {
    Image photo = noise(grid * 5, grid * 3, 3, 4);
    for (int draw = 0; draw < 10; ++draw) {
      for (const Destruction& moved :
           {draw_destruction(grid, 1, random), draw_published_walk(grid, random)}) {
        ASSERT_TRUE(is_permutation(moved));
        EXPECT_EQ(destruct(destruct(photo, moved), inverse(moved)), photo);
      }
    }
  }
}

TEST(Destruct, CellsShowWhatTheirSourcesShowed) {
  Image photo(4, 4, 1);
  for (int i = 0; i < 16; ++i) photo.pixels[static_cast<size_t>(i)] = static_cast<uint8_t>(i);
  Image moved = destruct(photo, {.grid = 2, .source = {3, 0, 1, 2}});
  EXPECT_EQ(moved.pixels,
            (std::vector<uint8_t>{10, 11, 0, 1, 14, 15, 4, 5, 2, 3, 8, 9, 6, 7, 12, 13}));
}

TEST(Destruct, CellsOfUnequalSizeLoseOrRepeatOneLine) {
  Image photo(5, 2, 1);
  photo.pixels = {0, 1, 2, 3, 4, 10, 11, 12, 13, 14};
  // Columns 0..1 and 2..4.
  Image moved = destruct(photo, {.grid = 2, .source = {1, 0, 3, 2}});
  EXPECT_EQ(moved.pixels, (std::vector<uint8_t>{2, 3, 0, 0, 1, 12, 13, 10, 10, 11}));
}

// Shares of cells by displacement along a row (destination minus source), as simulated from the paper's rule and from the published code.
std::map<int, double> displacements(int draws, const std::function<Destruction(Random&)>& draw) {
  std::map<int, double> shares;
  Random random(11);
  for (int i = 0; i < draws; ++i) {
    Destruction moved = draw(random);
    for (int cell = 0; cell < 49; ++cell)
      shares[cell % 7 - moved.source[static_cast<size_t>(cell)] % 7] += 1.0 / 49 / draws;
  }
  return shares;
}

double in_place_share(int draws, const std::function<Destruction(Random&)>& draw) {
  Random random(12);
  int64_t same = 0;
  for (int i = 0; i < draws; ++i) {
    Destruction moved = draw(random);
    for (int cell = 0; cell < 49; ++cell) same += moved.source[static_cast<size_t>(cell)] == cell;
  }
  return double(same) / 49 / draws;
}

TEST(Destruct, ThePublishedWalkMovesCellsAsFarAsThePublishedCode) {
  auto walk = [](Random& random) { return draw_published_walk(7, random); };
  std::map<int, double> shares = displacements(100'000, walk);
  EXPECT_NEAR(shares[-1], 0.43, 0.005);
  EXPECT_NEAR(shares[0], 0.32, 0.005);
  EXPECT_NEAR(shares[1], 0.14, 0.005);
  EXPECT_NEAR(shares[2], 0.06, 0.005);
  EXPECT_NEAR(shares[3], 0.027, 0.005);
  EXPECT_NEAR(shares[6], 0.002, 0.005);
  EXPECT_EQ(shares.count(-2), 0u);
  EXPECT_NEAR(in_place_share(100'000, walk), 0.104, 0.005);
}

TEST(Destruct, ThePublishedWalkKeepsRowsWhole) {
  Random random(2);
  for (int draw = 0; draw < 100; ++draw) {
    Destruction moved = draw_published_walk(7, random);
    for (int row = 0; row < 7; ++row) {
      std::set<int> from;
      for (int x = 0; x < 7; ++x) from.insert(moved.source[static_cast<size_t>(7 * row + x)] / 7);
      EXPECT_EQ(from.size(), 1u);
    }
  }
}

TEST(Destruct, TheStrictRuleMovesCellsAsFarAsThePaper) {
  const std::array<double, 3> kept = {0.616, 0.22, 0.117};
  for (int reach = 1; reach <= 3; ++reach)
    EXPECT_NEAR(
        in_place_share(20'000, [&](Random& random) { return draw_destruction(7, reach, random); }),
        kept[static_cast<size_t>(reach - 1)], 0.005)
        << reach;
  std::map<int, double> one =
      displacements(20'000, [](Random& random) { return draw_destruction(7, 1, random); });
  EXPECT_EQ(one.size(), 3u);
  EXPECT_NEAR(one[-1], 0.107, 0.005);
  EXPECT_NEAR(one[1], 0.107, 0.005);
}

TEST(Destruct, GuessedTargetsAreTheTrueOnesWhereColoursTellCellsApart) {
  Random random(7);
  Image photo(56, 56, 3);
  for (int y = 0; y < 56; ++y)
    for (int x = 0; x < 56; ++x)
      for (int c = 0; c < 3; ++c) photo.at(x, y, c) = static_cast<uint8_t>(5 * (y / 8 * 7 + x / 8));
  Destruction moved = draw_published_walk(7, random);
  EXPECT_EQ(guess_sources(photo, destruct_published(photo, moved, 0), 7), moved);
}

TEST(Destruct, OfAFlatPictureEveryGuessIsTheFirstCell) {
  Random random(7);
  Image flat(70, 70, 3, 90);
  Destruction guess =
      guess_sources(flat, destruct_published(flat, draw_published_walk(7, random), 10), 7);
  EXPECT_EQ(guess.source, std::vector<int>(49, 0));
}

TEST(Destruct, ImpossibleSettingsAreRefused) {
  Random random(1);
  EXPECT_THROW(draw_destruction(0, 0, random), Error);
  EXPECT_THROW(draw_destruction(256, 1, random), Error);
  EXPECT_THROW(draw_destruction(7, 7, random), Error);
  EXPECT_THROW(draw_destruction(7, -1, random), Error);
  Image tiny(6, 9, 3);
  EXPECT_THROW(destruct(tiny, draw_destruction(7, 1, random)), Error);
  EXPECT_THROW(destruct(tiny, {.grid = 2, .source = {0, 1, 2}}), Error);
  EXPECT_THROW(destruct(tiny, {.grid = 2, .source = {0, 1, 2, 4}}), Error);
  EXPECT_THROW(destruct_published(tiny, draw_published_walk(2, random), 3), Error);
}

Batch photographs(int count, int side) {
  Batch batch{.count = count, .height = side, .width = side, .channels = 3};
  for (int i = 0; i < count; ++i) {
    Image photo = noise(side, side, 3, 20 + static_cast<uint64_t>(i));
    batch.pixels.insert(batch.pixels.end(), photo.pixels.begin(), photo.pixels.end());
    batch.truth.push_back({.width = side, .height = side, .labels = {{.id = i}}});
    batch.truth.back().points = {{1, 2, 0}};
    batch.indices.push_back(100 + i);
  }
  return batch;
}

Image picture_of(const Batch& batch, int i) {
  Image image(batch.width, batch.height, batch.channels);
  std::copy_n(batch.pixels.begin() + i * static_cast<int64_t>(image.pixels.size()),
              image.pixels.size(), image.pixels.begin());
  return image;
}

TEST(DestructBatches, PutsTheDestroyedCopyBehindEachOriginal) {
  const Batch before = photographs(3, 28);
  Batch batch = before;
  Random random(9);
  destruct_batches({.grid = 7, .reach = 2})(batch, random);
  ASSERT_EQ(batch.count, 6);
  EXPECT_EQ(batch.indices, (std::vector<int64_t>{100, 100, 101, 101, 102, 102}));
  for (int i = 0; i < 3; ++i) {
    const Annotation& original = batch.truth[static_cast<size_t>(2 * i)];
    const Annotation& copy = batch.truth[static_cast<size_t>(2 * i + 1)];
    EXPECT_EQ(original, before.truth[static_cast<size_t>(i)]);
    EXPECT_EQ(copy.labels, original.labels);
    EXPECT_TRUE(copy.points.empty());
    EXPECT_EQ(picture_of(batch, 2 * i), picture_of(before, i));
    EXPECT_EQ(destruct(picture_of(batch, 2 * i + 1), inverse(copy.destruction)),
              picture_of(before, i));
  }
}

TEST(DestructBatches, ThePublishedFormGuessesOnItsOwnGrid) {
  Batch batch = photographs(2, 64);
  Random random(9);
  destruct_batches({.published = true, .grid = 2})(batch, random);
  EXPECT_EQ(batch.truth[1].destruction.grid, 7);
  EXPECT_EQ(batch.truth[1].destruction.source.size(), 49u);
  EXPECT_TRUE(batch.truth[0].destruction.source.empty());
}

TEST(DestructBatches, JigsawsFollowInTheOrderOfTheirGrids) {
  const Batch before = photographs(2, 32);
  Batch batch = before;
  Random random(9);
  jigsaw_batches({8, 2})(batch, random);
  ASSERT_EQ(batch.count, 6);
  EXPECT_EQ(batch.indices, (std::vector<int64_t>{100, 100, 100, 101, 101, 101}));
  for (int i = 0; i < 6; ++i) {
    const Destruction& moved = batch.truth[static_cast<size_t>(i)].destruction;
    EXPECT_EQ(moved.grid, i % 3 == 0 ? 0 : i % 3 == 1 ? 8 : 2);
    Image picture = picture_of(batch, i);
    EXPECT_EQ(i % 3 == 0 ? picture : destruct(picture, inverse(moved)), picture_of(before, i / 3));
  }
  EXPECT_THROW(jigsaw_batches({0}), Error);
}

TEST(Destruct, AJigsawKeepsNoOrder) {
  // Of n cells one stays in place on average, whatever n is.
  EXPECT_NEAR(49 * in_place_share(20'000, [](Random& random) { return draw_jigsaw(7, random); }), 1,
              0.03);
}

TEST(DestructBatches, ImpossibleSettingsAreToldBeforeTheFirstBatch) {
  EXPECT_THROW(destruct_batches({.grid = 0}), Error);
  EXPECT_THROW(destruct_batches({.grid = 4, .reach = 4}), Error);
}

}  // namespace
}  // namespace espalier
