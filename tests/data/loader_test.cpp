#include "espalier/data/loader.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>
#include <thread>

#include <gtest/gtest.h>

#include "espalier/core/error.h"

namespace espalier {
namespace {

// Pictures of 5 x 4 that hold their own number. Samples in `bad` cannot be read, samples in `odd`
// have another size; a transform can fail on its own. Counts the samples read, so that a test sees
// how far the workers ran ahead.
class Numbers : public Dataset {
 public:
  explicit Numbers(int64_t size) : size_(size) {}

  int64_t size() const override { return size_; }
  Sample read(int64_t i, int) const override {
    ++reads;
    if (delay.count()) std::this_thread::sleep_for(delay * (1 + i % 3));
    if (has(bad, i)) fail(Kind::format, "number {} is unreadable", i);
    Sample s;
    s.image = has(odd, i) ? Image(3, 3, 3) : Image(5, 4, 3);
    for (size_t k = 0; k < s.image.pixels.size(); ++k)
      s.image.pixels[k] = static_cast<uint8_t>(31 * i + static_cast<int64_t>(k));
    s.truth.labels = {{.id = i}};
    s.id = id(i);
    return s;
  }
  std::string id(int64_t i) const override { return fmt::format("number-{}", i); }
  int64_t label(int64_t i) const override { return i; }
  const std::vector<std::string>& class_names() const override { return names_; }

  std::vector<int64_t> bad, odd;
  std::chrono::microseconds delay{0};
  mutable std::atomic<int64_t> reads{0};

 private:
  static bool has(const std::vector<int64_t>& list, int64_t i) {
    return std::find(list.begin(), list.end(), i) != list.end();
  }
  int64_t size_;
  std::vector<std::string> names_;
};

// Uses up a number of draws that depends on the draws, so that a stream shared between samples
// would show.
Transform noise() {
  return [](Sample s, Random& random) {
    for (uint8_t& value : s.image.pixels)
      while (random.chance(0.5)) value = static_cast<uint8_t>(value + random.below(7));
    return s;
  };
}

struct Epoch {
  std::vector<Batch> batches;
  std::vector<int64_t> indices() const {
    std::vector<int64_t> all;
    for (const Batch& b : batches) all.insert(all.end(), b.indices.begin(), b.indices.end());
    return all;
  }
};

Epoch drain(Loader& loader, int64_t epoch, int64_t first = 0) {
  Epoch run;
  loader.start_epoch(epoch, first);
  while (std::optional<Batch> batch = loader.next()) run.batches.push_back(std::move(*batch));
  EXPECT_FALSE(loader.next());
  return run;
}

void expect_same(const Batch& a, const Batch& b) {
  EXPECT_EQ(a.count, b.count);
  EXPECT_EQ(std::tie(a.height, a.width, a.channels), std::tie(b.height, b.width, b.channels));
  EXPECT_EQ(a.pixels, b.pixels);
  EXPECT_EQ(a.indices, b.indices);
  EXPECT_EQ(a.truth, b.truth);
  ASSERT_EQ(a.failures.size(), b.failures.size());
  for (size_t i = 0; i < a.failures.size(); ++i) {
    EXPECT_EQ(a.failures[i].id, b.failures[i].id);
    EXPECT_EQ(a.failures[i].reason, b.failures[i].reason);
  }
}

void expect_same(const Epoch& a, const Epoch& b, size_t skip = 0) {
  ASSERT_EQ(a.batches.size(), b.batches.size() + skip);
  for (size_t i = 0; i < b.batches.size(); ++i) expect_same(a.batches[i + skip], b.batches[i]);
}

TEST(Loader, GivesTheSameBitsForAnyNumberOfWorkers) {
  auto dataset = std::make_shared<Numbers>(203);
  dataset->bad = {0, 7, 8, 9, 150, 202};
  dataset->odd = {1, 77, 120};
  dataset->delay = std::chrono::microseconds(30);
  Loader alone(dataset, noise(), {.batch = 8, .workers = 0, .shuffle = true, .seed = 5});
  for (int64_t workers : {1, 2, 5})
    for (int64_t prefetch : {1, 4}) {
      Loader many(
          dataset, noise(),
          {.batch = 8, .workers = workers, .prefetch = prefetch, .shuffle = true, .seed = 5});
      for (int64_t epoch : {0, 1}) expect_same(drain(alone, epoch), drain(many, epoch));
    }
}

TEST(Loader, TransformsWholeBatchesByTheirNumberWhateverTheWorkersAndTheStart) {
  auto dataset = std::make_shared<Numbers>(83);
  dataset->bad = {0, 7, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79};  // batch 9 is lost if not shuffled
  dataset->delay = std::chrono::microseconds(30);
  const BatchTransform draws = [](Batch& batch, Random& random) {
    EXPECT_GT(batch.count, 0);
    for (uint8_t& value : batch.pixels) value = static_cast<uint8_t>(random.below(256));
  };
  for (bool shuffle : {false, true}) {
    Loader alone(dataset, noise(), {.batch = 8, .workers = 0, .shuffle = shuffle, .seed = 5},
                 draws);
    const Epoch first = drain(alone, 0), second = drain(alone, 1);
    EXPECT_NE(first.batches[1].pixels, first.batches[2].pixels);
    EXPECT_NE(first.batches[1].pixels, second.batches[1].pixels);
    for (int64_t workers : {1, 3}) {
      Loader many(dataset, noise(), {.batch = 8, .workers = workers, .shuffle = shuffle, .seed = 5},
                  draws);
      expect_same(first, drain(many, 0));
      expect_same(second, drain(many, 1, 4), 4);
    }
    Loader other(dataset, noise(), {.batch = 8, .shuffle = shuffle, .seed = 6}, draws);
    EXPECT_NE(first.batches[1].pixels, drain(other, 0).batches[1].pixels);
  }
}

TEST(Loader, DrawsDifferentlyForEachEpochAndSample) {
  auto dataset = std::make_shared<Numbers>(2);
  Loader loader(dataset,
                [](Sample s, Random& random) {
                  for (uint8_t& value : s.image.pixels)
                    value = static_cast<uint8_t>(random.below(256));
                  return s;
                },
                {.batch = 1});
  const Epoch first = drain(loader, 0), second = drain(loader, 1);
  EXPECT_NE(first.batches[0].pixels, first.batches[1].pixels);
  EXPECT_NE(first.batches[0].pixels, second.batches[0].pixels);
}

TEST(Loader, ShufflesToAPermutationOfItsOwnForEachEpochAndSeed) {
  auto dataset = std::make_shared<Numbers>(500);
  Loader one(dataset, {}, {.batch = 64, .shuffle = true, .seed = 1});
  Loader two(dataset, {}, {.batch = 64, .shuffle = true, .seed = 2});
  std::vector<int64_t> first = drain(one, 0).indices(), second = drain(one, 1).indices();
  std::vector<int64_t> other = drain(two, 0).indices();
  EXPECT_NE(first, second);
  EXPECT_NE(first, other);
  EXPECT_EQ(first, drain(one, 0).indices());
  std::vector<int64_t> counted(500);
  std::iota(counted.begin(), counted.end(), 0);
  EXPECT_NE(first, counted);
  for (std::vector<int64_t>* order : {&first, &second, &other}) {
    std::sort(order->begin(), order->end());
    EXPECT_EQ(*order, counted);
  }
}

TEST(Loader, StacksImagesInOrderWithTheirTruth) {
  auto dataset = std::make_shared<Numbers>(10);
  Loader loader(dataset, {}, {.batch = 4});
  const Epoch run = drain(loader, 0);
  ASSERT_EQ(run.batches.size(), 3u);
  EXPECT_EQ(run.batches[2].count, 2);
  for (size_t b = 0; b < 3; ++b)
    for (size_t i = 0; i < static_cast<size_t>(run.batches[b].count); ++i) {
      const int64_t number = static_cast<int64_t>(4 * b + i);
      const Image image = dataset->read(number, 0).image;
      const auto begin = run.batches[b].pixels.begin() + static_cast<ptrdiff_t>(i * 60);
      EXPECT_TRUE(std::equal(image.pixels.begin(), image.pixels.end(), begin));
      EXPECT_EQ(run.batches[b].indices[i], number);
      EXPECT_EQ(run.batches[b].truth[i].labels.at(0).id, number);
    }
}

TEST(Loader, NamesWhatItLeavesOut) {
  auto dataset = std::make_shared<Numbers>(12);
  dataset->bad = {1, 2, 4, 5, 6, 7};
  dataset->odd = {9};
  auto picky = [](Sample s, Random&) {
    if (s.truth.labels[0].id == 10) throw std::runtime_error("not this one");
    if (s.truth.labels[0].id == 11) throw 3;
    return s;
  };
  Loader loader(dataset, picky, {.batch = 4, .workers = 3});
  const Epoch run = drain(loader, 0);
  ASSERT_EQ(run.batches.size(), 3u);
  EXPECT_EQ(run.batches[0].indices, (std::vector<int64_t>{0, 3}));
  EXPECT_EQ(run.batches[0].pixels.size(), 120u);
  EXPECT_EQ(run.batches[0].failures[0].id, "number-1");
  EXPECT_EQ(run.batches[0].failures[1].reason, "number 2 is unreadable");
  EXPECT_EQ(run.batches[1].count, 0);
  EXPECT_TRUE(run.batches[1].pixels.empty());
  EXPECT_EQ(run.batches[1].failures.size(), 4u);
  EXPECT_EQ(run.batches[2].indices, (std::vector<int64_t>{8}));
  ASSERT_EQ(run.batches[2].failures.size(), 3u);
  EXPECT_NE(run.batches[2].failures[0].reason.find("3 x 3"), std::string::npos);
  EXPECT_EQ(run.batches[2].failures[1].reason, "not this one");
}

TEST(Loader, OneOddImageAtTheFrontDoesNotCostTheBatch) {
  auto dataset = std::make_shared<Numbers>(6);
  dataset->odd = {0};
  for (int64_t workers : {0, 4}) {
    Loader loader(dataset, {}, {.batch = 6, .workers = workers});
    const Epoch run = drain(loader, 0);
    EXPECT_EQ(run.batches[0].indices, (std::vector<int64_t>{1, 2, 3, 4, 5}));
    EXPECT_EQ(run.batches[0].width, 5);
    EXPECT_EQ(run.batches[0].failures.at(0).id, "number-0");
    EXPECT_EQ(run.batches[0].pixels[0], 31);
  }
}

TEST(Loader, ResumesAtABatchWithTheSameBits) {
  auto dataset = std::make_shared<Numbers>(100);
  dataset->bad = {3, 50, 51};
  Loader whole(dataset, noise(), {.batch = 8, .workers = 2, .shuffle = true, .seed = 9});
  const Epoch all = drain(whole, 4);
  for (int64_t first : {0, 1, 7, 12, 13, 99})
    for (int64_t workers : {0, 2}) {
      Loader later(dataset, noise(), {.batch = 8, .workers = workers, .shuffle = true, .seed = 9});
      expect_same(all, drain(later, 4, first), static_cast<size_t>(std::min<int64_t>(first, 13)));
    }
}

TEST(Loader, KeepsNoMoreThanPrefetchBatchesUnderWay) {
  auto dataset = std::make_shared<Numbers>(400);
  Loader loader(dataset, {}, {.batch = 4, .workers = 3, .prefetch = 2});
  loader.start_epoch(0);
  for (int64_t taken = 0; taken < 20; ++taken) {
    const int64_t allowed = (taken + 2) * 4;
    for (int wait = 0; wait < 1000 && dataset->reads < allowed; ++wait)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    EXPECT_EQ(dataset->reads, allowed);
    ASSERT_TRUE(loader.next());
  }
}

TEST(Loader, StopsInMidEpochWithoutHanging) {
  auto dataset = std::make_shared<Numbers>(1000);
  dataset->delay = std::chrono::microseconds(20);
  dataset->bad = {2};
  Loader again(dataset, {}, {.batch = 16, .workers = 3, .prefetch = 2, .shuffle = true});
  for (int64_t round = 0; round < 100; ++round) {
    Loader loader(dataset, noise(),
                  {.batch = 16, .workers = 1 + round % 4, .prefetch = 1 + round % 3});
    loader.start_epoch(round);
    for (int64_t i = 0; i < round % 5; ++i) ASSERT_TRUE(loader.next());
    again.start_epoch(round);
    for (int64_t i = 0; i < round % 3; ++i) ASSERT_TRUE(again.next());
  }
  EXPECT_EQ(drain(again, 0).indices().size(), 999u);
}

TEST(Loader, CanLeaveOutALastBatchThatIsNotFull) {
  auto dataset = std::make_shared<Numbers>(10);
  Loader loader(dataset, {}, {.batch = 4, .drop_last = true});
  EXPECT_EQ(loader.batches(), 2);
  EXPECT_EQ(drain(loader, 0).indices().size(), 8u);
  Loader all(dataset, {}, {.batch = 4});
  EXPECT_EQ(all.batches(), 3);
  auto empty = std::make_shared<Numbers>(0);
  Loader none(empty, {}, {.batch = 4});
  EXPECT_EQ(none.batches(), 0);
  EXPECT_TRUE(drain(none, 0).batches.empty());
}

TEST(Loader, HasNothingToGiveBeforeAnEpochStarts) {
  Loader loader(std::make_shared<Numbers>(10), {}, {});
  EXPECT_FALSE(loader.next());
}

TEST(Loader, RefusesSettingsThatCannotWork) {
  auto dataset = std::make_shared<Numbers>(10);
  auto message = [&](DatasetPtr data, LoaderConfig config) -> std::string {
    try {
      Loader loader(data, {}, config);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Kind::usage);
      return error.what();
    }
    return "";
  };
  EXPECT_NE(message(nullptr, {}).find("data set"), std::string::npos);
  EXPECT_NE(message(dataset, {.batch = 0}).find("batch size is 0"), std::string::npos);
  EXPECT_NE(message(dataset, {.workers = -1}).find("workers is -1"), std::string::npos);
  EXPECT_NE(message(dataset, {.prefetch = 0}).find("prefetch is 0"), std::string::npos);
}

}  // namespace
}  // namespace espalier
