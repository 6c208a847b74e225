#include "espalier/data/balance.h"

#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "espalier/data/loader.h"

namespace espalier {
namespace {

std::vector<int64_t> labels_of(const std::vector<int64_t>& sizes) {
  std::vector<int64_t> labels;
  for (size_t c = 0; c < sizes.size(); ++c)
    for (int64_t i = 0; i < sizes[c]; ++i) labels.push_back(static_cast<int64_t>(c) * 10);
  return labels;
}

TEST(Balance, EveryClassComesAsOftenAndEverySampleInRounds) {
  std::vector<int64_t> labels = labels_of({60, 3, 20, 17});
  std::vector<Draw> order = balanced_order(labels, Random(4));
  ASSERT_EQ(order.size(), labels.size());
  std::map<int64_t, int64_t> by_class, by_sample;
  std::set<std::pair<int64_t, int64_t>> distinct;
  for (const Draw& draw : order) {
    ++by_class[labels[static_cast<size_t>(draw.index)]];
    ++by_sample[draw.index];
    EXPECT_TRUE(distinct.insert({draw.index, draw.repeat}).second);
  }
  for (const auto& [label, count] : by_class) EXPECT_EQ(count, 25) << label;
  for (int64_t i = 0; i < 60; ++i) EXPECT_LE(by_sample[i], 1);
  for (int64_t i = 60; i < 63; ++i) EXPECT_GE(by_sample[i], 8);
  for (int64_t i = 63; i < 83; ++i) EXPECT_GE(by_sample[i], 1);
  // Mixed: no class fills a quarter of the order by itself.
  int64_t first = 0;
  for (size_t i = 0; i < 25; ++i) first += labels[static_cast<size_t>(order[i].index)] == 0;
  EXPECT_LT(first, 20);
}

TEST(Balance, TheRestGoesToOtherClassesEachTime) {
  std::vector<int64_t> labels = labels_of({4, 4, 3});
  std::set<int64_t> fewest;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    std::map<int64_t, int64_t> count;
    for (const Draw& draw : balanced_order(labels, Random(seed)))
      ++count[labels[static_cast<size_t>(draw.index)]];
    for (const auto& [label, n] : count) {
      EXPECT_TRUE(n == 3 || n == 4) << n;
      if (n == 3) fewest.insert(label);
    }
  }
  EXPECT_EQ(fewest.size(), 3u);
  EXPECT_TRUE(balanced_order({}, Random(1)).empty());
}

// Gray squares; sample 0 is alone in its class.
class Squares : public Dataset {
 public:
  int64_t size() const override { return 40; }
  std::string id(int64_t i) const override { return std::to_string(i); }
  int64_t label(int64_t i) const override { return i == 0 ? 0 : 1; }
  const std::vector<std::string>& class_names() const override { return names_; }
  Sample read(int64_t i, int) const override {
    return {.image = Image(2, 2, 1), .truth = {.labels = {{.id = label(i)}}}, .id = id(i)};
  }

 private:
  std::vector<std::string> names_ = {"rare", "usual"};
};

TEST(Balance, LoadersGiveTheSameBitsForAnyWorkersAndStartAndRepeatsAreDrawnAnew) {
  auto data = std::make_shared<Squares>();
  Transform noise = [](Sample sample, Random& random) {
    for (uint8_t& value : sample.image.pixels) value = static_cast<uint8_t>(random.below(256));
    return sample;
  };
  auto batches = [&](int64_t workers, int64_t epoch, int64_t first) {
    Loader loader(data, noise,
                  {.batch = 7, .workers = workers, .shuffle = true, .balance = true, .seed = 3});
    loader.start_epoch(epoch, first);
    std::vector<Batch> all;
    while (std::optional<Batch> batch = loader.next()) all.push_back(std::move(*batch));
    return all;
  };
  std::vector<Batch> alone = batches(0, 2, 0), many = batches(3, 2, 0), later = batches(2, 2, 4),
                     other = batches(0, 3, 0);
  ASSERT_EQ(alone.size(), 6u);
  ASSERT_EQ(later.size(), 2u);
  std::set<std::vector<uint8_t>> drawn;
  int64_t rare = 0;
  for (size_t b = 0; b < alone.size(); ++b) {
    EXPECT_EQ(many[b].pixels, alone[b].pixels);
    EXPECT_EQ(many[b].indices, alone[b].indices);
    if (b >= 4) {
      EXPECT_EQ(later[b - 4].pixels, alone[b].pixels);
    }
    for (size_t i = 0; i < alone[b].indices.size(); ++i) {
      if (alone[b].indices[i] != 0) continue;
      ++rare;
      auto pixels = alone[b].pixels.begin() + static_cast<std::ptrdiff_t>(4 * i);
      drawn.emplace(pixels, pixels + 4);
    }
  }
  EXPECT_EQ(rare, 20);
  EXPECT_EQ(drawn.size(), 20u);
  EXPECT_NE(other[0].indices, alone[0].indices);
}

}  // namespace
}  // namespace espalier
