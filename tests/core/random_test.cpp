#include "espalier/core/random.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

namespace espalier {
namespace {

// splitmix64.c of Sebastiano Vigna (public domain), against whose published outputs it is checked first.
uint64_t splitmix_next(uint64_t& state) {
  uint64_t z = (state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

uint64_t finalise(uint64_t value) {
  return splitmix_next(value);
}

double chi_square(const std::vector<int64_t>& counts, double expected) {
  double sum = 0;
  for (int64_t count : counts) sum += (count - expected) * (count - expected) / expected;
  return sum;
}

TEST(Random, IsTheDocumentedFunctionOfKeyAndCounter) {
  uint64_t state = 1234567;
  ASSERT_EQ(splitmix_next(state), 6457827717110365317u);
  ASSERT_EQ(splitmix_next(state), 3203168211198807973u);
  ASSERT_EQ(splitmix_next(state), 9817491932198370423u);
  Random random(42);
  for (uint64_t counter = 0; counter < 100; ++counter)
    EXPECT_EQ(random.bits(), finalise(finalise(42) + finalise(counter)));
}

// Pins the numbers themselves: a run of an older version must go on alike.
TEST(Random, NumbersStayAsTheyAre) {
  Random random = Random(7).stream("orchard").stream(3);
  std::array<uint64_t, 3> bits = {random.bits(), random.bits(), random.bits()};
  std::array<uint64_t, 3> wanted = {2159713084103326338u, 12677484240612294793u,
                                    15541596996283118705u};
  EXPECT_EQ(bits, wanted);
}

TEST(Random, GoesOnFromARememberedCounter) {
  Random random(9);
  for (int i = 0; i < 17; ++i) random.normal();
  Random resumed(9);
  resumed.set_counter(random.counter());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(random.bits(), resumed.bits());
}

TEST(Random, StreamsDoNotMoveTheirParent) {
  Random one(3), other(3);
  one.stream(1).bits();
  one.stream("name").bits();
  EXPECT_EQ(one.bits(), other.bits());
}

// 99.99 % quantiles of chi-square; the seeds are fixed, so this either holds for ever or is a fault.
TEST(Random, UniformFillsItsBinsEvenly) {
  std::vector<int64_t> high(256), low(256);
  Random random(11);
  for (int i = 0; i < 256 * 1000; ++i) {
    ++high[static_cast<size_t>(random.uniform() * 256)];
    ++low[random.bits() & 255];
  }
  EXPECT_LT(chi_square(high, 1000), 348);
  EXPECT_LT(chi_square(low, 1000), 348);
}

TEST(Random, EveryBitIsSetHalfOfTheTime) {
  std::vector<int64_t> set(64);
  Random random(12);
  const int draws = 40000;
  for (int i = 0; i < draws; ++i) {
    uint64_t bits = random.bits();
    for (size_t b = 0; b < 64; ++b) set[b] += bits >> b & 1;
  }
  for (int64_t count : set) EXPECT_NEAR(count, draws / 2, 4.5 * std::sqrt(draws) / 2);
}

// Streams of neighbouring numbers, and the first draws over a grid of (epoch, index), must look unrelated.
TEST(Random, NeighbouringStreamsAreIndependent) {
  std::vector<int64_t> pairs(32 * 32);
  Random root(1);
  for (uint64_t id = 0; id < 1024 * 100; ++id) {
    auto a = static_cast<size_t>(root.stream(id).uniform() * 32);
    auto b = static_cast<size_t>(root.stream(id + 1).uniform() * 32);
    ++pairs[a * 32 + b];
  }
  EXPECT_LT(chi_square(pairs, 100), 1199);
  double sum = 0;
  const int grid = 300;
  for (uint64_t epoch = 0; epoch < grid; ++epoch)
    for (uint64_t index = 0; index < grid; ++index)
      sum += root.stream(epoch).stream(index).normal() * root.stream(index).stream(epoch).normal();
  EXPECT_LT(std::abs(sum / (grid * grid)), 4.0 / grid + 1.0 / grid);  // the diagonal adds 1 / grid
}

TEST(Random, StreamsOfOneSeedAreDistinct) {
  std::set<uint64_t> seen;
  for (uint64_t seed = 0; seed < 20; ++seed)
    for (uint64_t id = 0; id < 500; ++id) seen.insert(Random(seed).stream(id).bits());
  EXPECT_EQ(seen.size(), 20u * 500u);
  EXPECT_NE(Random(1).stream("a").bits(), Random(1).stream("b").bits());
  EXPECT_NE(Random(1).stream("ab").bits(), Random(1).stream("a").stream("b").bits());
}

TEST(Random, BelowIsUnbiasedAndInRange) {
  for (int64_t n : {1, 2, 3, 7, 100}) {
    std::vector<int64_t> counts(static_cast<size_t>(n));
    Random random(static_cast<uint64_t>(n));
    for (int i = 0; i < 1000 * n; ++i) {
      int64_t value = random.below(n);
      ASSERT_TRUE(value >= 0 && value < n);
      ++counts[static_cast<size_t>(value)];
    }
    double freedom = static_cast<double>(n - 1);
    EXPECT_LE(chi_square(counts, 1000), freedom + 4 * std::sqrt(2 * freedom) + 8);
  }
  // Three quarters of 2^63: plain remainders of 64 bits would give the lower part a third more.
  const int64_t large = (int64_t{1} << 62) + (int64_t{1} << 61);
  Random random(5);
  int64_t lower = 0;
  for (int i = 0; i < 30000; ++i) lower += random.below(large) < large / 3;
  EXPECT_NEAR(lower, 10000, 4.5 * std::sqrt(30000 * 2.0 / 9.0));
}

TEST(Random, UniformKeepsToItsBounds) {
  Random random(2);
  double lowest = 1, highest = 0;
  for (int i = 0; i < 100000; ++i) {
    double value = random.uniform();
    lowest = std::min(lowest, value);
    highest = std::max(highest, value);
    double scaled = random.uniform(-3, 5);
    ASSERT_TRUE(scaled >= -3 && scaled < 5);
  }
  EXPECT_GE(lowest, 0);
  EXPECT_LT(highest, 1);
  EXPECT_LT(lowest, 1e-4);
  EXPECT_GT(highest, 1 - 1e-4);
}

TEST(Random, NormalHasTheMomentsAndTailsOfTheBell) {
  Random random(8);
  const int n = 200000;
  double sum = 0, squares = 0, cubes = 0, fourths = 0;
  int within_one = 0, beyond_three = 0;
  for (int i = 0; i < n; ++i) {
    double x = random.normal();
    ASSERT_TRUE(std::isfinite(x));
    sum += x, squares += x * x, cubes += x * x * x, fourths += x * x * x * x;
    within_one += std::abs(x) < 1;
    beyond_three += std::abs(x) > 3;
  }
  EXPECT_NEAR(sum / n, 0, 4.5 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 1, 4.5 * std::sqrt(2.0 / n));
  EXPECT_NEAR(cubes / n, 0, 4.5 * std::sqrt(15.0 / n));
  EXPECT_NEAR(fourths / n, 3, 4.5 * std::sqrt(96.0 / n));
  EXPECT_NEAR(within_one, 0.6826895 * n, 4.5 * std::sqrt(n * 0.6827 * 0.3173));
  EXPECT_NEAR(beyond_three, 0.0026998 * n, 4.5 * std::sqrt(n * 0.0027));
}

TEST(Random, ShuffleGivesEveryOrderAlike) {
  std::vector<int64_t> counts(24);
  Random random(6);
  std::vector<std::array<int, 4>> orders;
  std::array<int, 4> order = {0, 1, 2, 3};
  do orders.push_back(order);
  while (std::next_permutation(order.begin(), order.end()));
  for (int i = 0; i < 24 * 500; ++i) {
    std::vector<int> items = {0, 1, 2, 3};
    random.shuffle(items);
    std::copy(items.begin(), items.end(), order.begin());
    ++counts[static_cast<size_t>(std::find(orders.begin(), orders.end(), order) - orders.begin())];
  }
  EXPECT_LT(chi_square(counts, 500), 58);  // 23 degrees of freedom, 99.99 %
}

TEST(Random, ChanceHasItsProbability) {
  Random random(4);
  int hits = 0;
  for (int i = 0; i < 100000; ++i) hits += random.chance(0.3);
  EXPECT_NEAR(hits, 30000, 4.5 * std::sqrt(100000 * 0.21));
  EXPECT_FALSE(random.chance(0));
  EXPECT_TRUE(random.chance(1));
}

}  // namespace
}  // namespace espalier
