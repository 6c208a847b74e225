#include "espalier/data/orchard.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "espalier/core/error.h"
#include "espalier/data/cached.h"
#include "espalier/data/orchard_render.h"

namespace espalier {
namespace {

OrchardConfig small(const std::string& kind) {
  return {.kind = kind, .size = 64, .train = 60, .val = 40, .test = 40};
}

int64_t count_set(const Image& mask) {
  return std::count_if(mask.pixels.begin(), mask.pixels.end(), [](uint8_t v) { return v != 0; });
}

bool inside(const Box& box, int x, int y) {
  return static_cast<float>(x) >= box.x0 && static_cast<float>(x) < box.x1 &&
         static_cast<float>(y) >= box.y0 && static_cast<float>(y) < box.y1;
}

// Every side of the box touches the mask and nothing of the mask is outside.
void expect_hull(const Instance& object, const std::string& where) {
  int x0 = object.mask.width, y0 = object.mask.height, x1 = 0, y1 = 0;
  for (int y = 0; y < object.mask.height; ++y)
    for (int x = 0; x < object.mask.width; ++x)
      if (object.mask.at(x, y))
        x0 = std::min(x0, x), y0 = std::min(y0, y), x1 = std::max(x1, x + 1),
        y1 = std::max(y1, y + 1);
  EXPECT_EQ(object.box, (Box{static_cast<float>(x0), static_cast<float>(y0), static_cast<float>(x1),
                             static_cast<float>(y1)}))
      << where;
}

void expect_consistent(const Sample& sample) {
  const Annotation& truth = sample.truth;
  ASSERT_EQ(truth.width, sample.image.width);
  std::vector<int> covered(truth.semantic.pixels.size(), 0);
  size_t fruits = 0;
  for (const Instance& object : truth.instances) {
    expect_hull(object, sample.id);
    if (object.label == kMarkInstance) continue;
    fruits += object.label == kFruitInstance;
    const uint8_t meaning = object.label == kFruitInstance ? kFruit : kLeaf;
    for (size_t at = 0; at < covered.size(); ++at)
      if (object.mask.pixels[at]) {
        ++covered[at];
        ASSERT_EQ(truth.semantic.pixels[at], meaning) << sample.id;
      }
  }
  for (size_t at = 0; at < covered.size(); ++at) {
    const uint8_t meaning = truth.semantic.pixels[at];
    ASSERT_EQ(covered[at], meaning == kLeaf || meaning == kFruit ? 1 : 0) << sample.id;
    ASSERT_EQ(truth.alpha.pixels[at] >= 128, meaning != kBackground) << sample.id;
  }
  EXPECT_EQ(truth.points.size(), fruits) << sample.id;
  size_t point = 0;
  for (const Instance& object : truth.instances) {
    if (object.label != kFruitInstance) continue;
    const Point& p = truth.points[point++];
    EXPECT_TRUE(p.x >= object.box.x0 && p.x <= object.box.x1 && p.y >= object.box.y0 &&
                p.y <= object.box.y1)
        << sample.id;
  }
}

double mean_difference(const Image& a, const Image& b) {
  double sum = 0;
  for (size_t k = 0; k < a.pixels.size(); ++k) sum += std::abs(a.pixels[k] - b.pixels[k]);
  return sum / static_cast<double>(a.pixels.size());
}

TEST(Orchard, TruthIsConsistentForEveryKind) {
  for (const char* kind : {"species", "twins"}) {
    OrchardConfig config = small(kind);
    config.classes = 12;
    const DatasetPtr data = make_orchard(config, OrchardSplit::train);
    for (int64_t i = 0; i < data->size(); ++i) expect_consistent(data->read(i));
  }
}

TEST(Orchard, DrawsLeavesAndSomeFruitAndTwinsAlwaysShowAMark) {
  const DatasetPtr data = make_orchard(small("twins"), OrchardSplit::train);
  int64_t fruits = 0;
  for (int64_t i = 0; i < data->size(); ++i) {
    int64_t leaves = 0, marks = 0;
    for (const Instance& object : data->read(i).truth.instances) {
      leaves += object.label == kLeafInstance;
      fruits += object.label == kFruitInstance;
      if (object.label != kMarkInstance) continue;
      ++marks;
      // A side of 0.2 x 64 px, turned; nothing of it hidden, nothing cut off.
      EXPECT_GT(std::max(object.box.width(), object.box.height()), 0.7 * 0.2 * 64);
      EXPECT_LT(std::max(object.box.width(), object.box.height()), 1.5 * 0.2 * 64);
      EXPECT_GT(count_set(object.mask), 25);
    }
    EXPECT_GE(leaves, 1);
    EXPECT_TRUE(marks >= 1 && marks <= 3) << marks;
  }
  EXPECT_GT(fruits, data->size() / 2);
}

TEST(Orchard, TwinsDifferOnlyInsideTheirMarks) {
  const OrchardConfig config = small("twins");
  for (int64_t i = 0; i < 12; ++i) {
    const Sample first =
        render_scene(compose_scene(config, OrchardSplit::val, i, 0), 64, config.noise);
    for (int64_t label = 1; label < config.classes; ++label) {
      const Sample other =
          render_scene(compose_scene(config, OrchardSplit::val, i, label), 64, config.noise);
      EXPECT_EQ(first.truth.semantic, other.truth.semantic);
      EXPECT_EQ(first.truth.alpha, other.truth.alpha);
      EXPECT_EQ(first.truth.points, other.truth.points);
      EXPECT_NE(first.image, other.image);
      for (int y = 0; y < 64; ++y)
        for (int x = 0; x < 64; ++x) {
          if (std::equal(&first.image.at(x, y), &first.image.at(x, y) + 3, &other.image.at(x, y)))
            continue;
          bool marked = false;
          for (const Sample* s : {&first, &other})
            for (const Instance& object : s->truth.instances)
              marked = marked || (object.label == kMarkInstance && inside(object.box, x, y) &&
                                  object.mask.at(x, y));
          ASSERT_TRUE(marked) << "picture " << i << ", class " << label << " at " << x << "," << y;
        }
    }
  }
}

TEST(Orchard, SameBitsFromEveryThreadAndEveryCall) {
  for (const char* kind : {"species", "twins"}) {
    const DatasetPtr data = make_orchard(small(kind), OrchardSplit::train);
    std::vector<Sample> alone;
    for (int64_t i = 0; i < 24; ++i) alone.push_back(data->read(i));
    std::vector<int> wrong(4, 0);
    std::vector<std::thread> threads;
    for (size_t t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        for (int64_t i = 23; i >= 0; --i) {
          const Sample again = make_orchard(small(kind), OrchardSplit::train)->read(i);
          const Sample& before = alone[static_cast<size_t>(i)];
          wrong[t] +=
              again.image != before.image || again.truth != before.truth || again.id != before.id;
        }
      });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, std::vector<int>(4, 0));
  }
}

TEST(Orchard, SplitsSeedsAndKindsShareNoPicture) {
  std::vector<Image> pictures;
  for (const char* kind : {"species", "twins"})
    for (int64_t seed : {1, 2})
      for (OrchardSplit split : {OrchardSplit::train, OrchardSplit::val, OrchardSplit::test}) {
        OrchardConfig config = small(kind);
        config.seed = seed;
        for (int64_t i = 0; i < 3; ++i)
          pictures.push_back(make_orchard(config, split)->read(i).image);
      }
  for (size_t a = 0; a < pictures.size(); ++a)
    for (size_t b = 0; b < a; ++b)
      EXPECT_GT(mean_difference(pictures[a], pictures[b]), 12) << a << " " << b;
}

TEST(Orchard, EveryRunOfClassesHoldsEachClassOnce) {
  const DatasetPtr data = make_orchard(small("species"), OrchardSplit::train);
  std::set<std::vector<int64_t>> orders;
  for (int64_t block = 0; block + 8 <= data->size(); block += 8) {
    std::vector<int64_t> order;
    for (int64_t i = block; i < block + 8; ++i) order.push_back(data->label(i));
    orders.insert(order);
    EXPECT_EQ(std::set<int64_t>(order.begin(), order.end()).size(), 8u);
  }
  EXPECT_GT(orders.size(), 3u);
  EXPECT_EQ(data->read(5).truth.labels.front().id, data->label(5));
}

// How often the tone of the background is the one that belongs to the class.
double agreement(double spurious, OrchardSplit split) {
  OrchardConfig config = small("twins");
  config.spurious = spurious;
  int agree = 0;
  constexpr int kPictures = 800;
  for (int i = 0; i < kPictures; ++i) {
    const int64_t label = i % config.classes;
    agree += compose_scene(config, split, i, label).tone == label;
  }
  return static_cast<double>(agree) / kPictures;
}

TEST(Orchard, BackgroundFollowsTheClassInTrainingOnly) {
  // Three deviations of a binomial share of 800 are below 0.05; chance is 1/8.
  EXPECT_NEAR(agreement(0, OrchardSplit::train), 0.125, 0.05);
  EXPECT_NEAR(agreement(0.8, OrchardSplit::train), 0.8 + 0.2 / 8, 0.05);
  EXPECT_EQ(agreement(1, OrchardSplit::train), 1.0);
  EXPECT_NEAR(agreement(1, OrchardSplit::val), 0.125, 0.05);
  EXPECT_NEAR(agreement(1, OrchardSplit::test), 0.125, 0.05);
}

TEST(Orchard, NoiseHasTheDeviationAskedFor) {
  OrchardConfig config = small("species");
  config.size = 128;
  double sum = 0, squares = 0, count = 0;
  for (int64_t i = 0; i < 6; ++i) {
    const Scene scene = compose_scene(config, OrchardSplit::test, i, 1);
    const Image clean = render_scene(scene, 128, 0).image,
                noisy = render_scene(scene, 128, 0.05).image;
    for (size_t k = 0; k < clean.pixels.size(); ++k) {
      if (clean.pixels[k] < 50 || clean.pixels[k] > 205) continue;  // no clipping
      const double d = static_cast<double>(noisy.pixels[k]) - clean.pixels[k];
      sum += d, squares += d * d, ++count;
    }
  }
  ASSERT_GT(count, 10000);
  EXPECT_NEAR(sum / count, 0, 0.2);
  EXPECT_NEAR(std::sqrt(squares / count), 0.05 * 255, 0.3);
}

TEST(Orchard, TheSameSceneAtTwiceTheSideIsTheSamePicture) {
  OrchardConfig config = small("species");
  for (int64_t i = 0; i < 4; ++i) {
    const Scene scene = compose_scene(config, OrchardSplit::val, i, i);
    const Image large = render_scene(scene, 192, 0).image,
                little = render_scene(scene, 96, 0).image;
    Image halved(96, 96, 3);
    for (int y = 0; y < 96; ++y)
      for (int x = 0; x < 96; ++x)
        for (int c = 0; c < 3; ++c)
          halved.at(x, y, c) = static_cast<uint8_t>(
              (large.at(2 * x, 2 * y, c) + large.at(2 * x + 1, 2 * y, c) +
               large.at(2 * x, 2 * y + 1, c) + large.at(2 * x + 1, 2 * y + 1, c)) /
              4);
    EXPECT_LT(mean_difference(halved, little), 4);
  }
}

TEST(Orchard, NamesItsClassesAndLabels) {
  OrchardConfig config = small("species");
  EXPECT_EQ(make_orchard(config, OrchardSplit::val)->class_names().front(), "apple");
  config.kind = "twins";
  const std::vector<std::string> names = orchard_class_names(config);
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), 8u);
  EXPECT_EQ(orchard_instance_names()[kMarkInstance], "mark");
  EXPECT_EQ(orchard_semantic_names()[kFruit], "fruit");
}

void expect_refused(const OrchardConfig& config, const std::string& key) {
  try {
    make_orchard(config, OrchardSplit::train);
    FAIL() << key << " was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Kind::usage);
    EXPECT_NE(std::string(error.what()).find(key), std::string::npos) << error.what();
  }
}

TEST(Orchard, OtherKindsFollowFromTheFirst) {
  OrchardConfig usual{.kind = "twins", .classes = 4}, others = usual;
  others.first = 8;
  EXPECT_EQ(orchard_class_names(others)[0],
            orchard_class_names({.kind = "twins", .classes = 12})[8]);
  Sample one = make_orchard(usual, OrchardSplit::train)->read(0),
         other = make_orchard(others, OrchardSplit::train)->read(0);
  EXPECT_EQ(one.truth.labels, other.truth.labels);
  EXPECT_NE(one.image, other.image);
  others.first = 9;
  EXPECT_THROW(make_orchard(others, OrchardSplit::train), Error);
}

TEST(Orchard, BadValuesAreNamed) {
  expect_refused({.kind = "twin"}, "twins");  // the nearest word is offered
  expect_refused({.classes = 1}, "classes");
  expect_refused({.classes = 13}, "classes");
  expect_refused({.size = 0}, "size");
  expect_refused({.size = 1000000}, "size");
  expect_refused({.mark = 0.9}, "mark");
  expect_refused({.mark = std::nan("")}, "mark");
  expect_refused({.noise = -1}, "noise");
  expect_refused({.spurious = 1.5}, "spurious");
  expect_refused({.train = -1}, "train");
  EXPECT_THROW(make_orchard(small("twins"), OrchardSplit::val)->read(40), Error);
  EXPECT_THROW(make_orchard(small("twins"), OrchardSplit::val)->read(-1), Error);
  EXPECT_THROW(make_orchard_video(small("twins"), 0, 1), Error);
}

TEST(Orchard, ExtremeKnobsStillDraw) {
  for (double mark : {0.04, 0.4})
    for (int64_t size : {16, 300}) {
      OrchardConfig config{
          .kind = "twins", .classes = 12, .size = size, .mark = mark, .noise = 0.5, .train = 12};
      const DatasetPtr data = make_orchard(config, OrchardSplit::train);
      for (int64_t i = 0; i < 6; ++i) expect_consistent(data->read(i));
    }
}

TEST(OrchardVideo, TracksMoveSmoothlyAndObjectsEnterAndLeave) {
  for (const char* kind : {"species", "twins"})
    for (uint64_t number : {0, 5}) {
      const DatasetPtr video = make_orchard_video(small(kind), 90, number);
      std::map<int64_t, std::vector<int64_t>> seen;  // track -> frames
      std::map<int64_t, int64_t> label;              // track -> label
      for (int64_t f = 0; f < video->size(); ++f) {
        const Sample frame = video->read(f);
        expect_consistent(frame);
        std::set<int64_t> now;
        for (const Instance& object : frame.truth.instances) {
          ASSERT_GE(object.track, 0);
          EXPECT_TRUE(now.insert(object.track).second) << "twice in frame " << f;
          seen[object.track].push_back(f);
          EXPECT_EQ(label.emplace(object.track, object.label).first->second, object.label);
        }
      }
      int64_t enter = 0, leave = 0;
      for (const auto& [track, frames] : seen) {
        enter += frames.front() > 0, leave += frames.back() < 89;
        EXPECT_LE(frames.back() - frames.front(), 60) << "an object must leave";
      }
      EXPECT_GE(enter, 5);
      EXPECT_GE(leave, 5);
    }
}

TEST(OrchardVideo, ObjectsMoveByAFewPixelsAFrameAndCross) {
  OrchardConfig config = small("species");
  std::map<int64_t, Vec> before;
  int64_t crossings = 0;
  std::map<std::pair<int64_t, int64_t>, bool> left_of;
  for (int64_t f = 0; f < 120; ++f) {
    std::map<int64_t, Vec> now;
    for (const Item& item : compose_frame(config, 3, f).items) now[item.track] = item.at;
    for (const auto& [track, at] : now) {
      // A leaf turns about its middle, so its foot moves more than a fruit does.
      if (before.count(track)) {
        EXPECT_LT(length(at - before[track]), 0.09) << "track " << track << ", frame " << f;
      }
      for (const auto& [other, there] : now) {
        if (other <= track) continue;
        const auto [entry, fresh] = left_of.emplace(std::pair{track, other}, at.x < there.x);
        if (!fresh && entry->second != (at.x < there.x))
          ++crossings, entry->second = !entry->second;
      }
    }
    before = now;
  }
  EXPECT_GT(crossings, 5);
}

TEST(OrchardVideo, AFrameIsTheSameHoweverLongTheVideo) {
  const OrchardConfig config = small("twins");
  const Sample a = make_orchard_video(config, 10, 2)->read(7),
               b = make_orchard_video(config, 500, 2)->read(7);
  EXPECT_EQ(a.image, b.image);
  EXPECT_EQ(a.truth, b.truth);
  EXPECT_NE(a.image, make_orchard_video(config, 10, 10)->read(7).image);
}

// Counts how often each sample is read.
class Counting : public Dataset {
 public:
  explicit Counting(DatasetPtr base) : base_(std::move(base)) {}
  int64_t size() const override { return base_->size(); }
  Sample read(int64_t i, int min_side) const override {
    ++reads;
    if (i == 3) fail(Kind::data, "sample 3 is broken");
    return base_->read(i, min_side);
  }
  std::string id(int64_t i) const override { return base_->id(i); }
  int64_t label(int64_t i) const override { return base_->label(i); }
  const std::vector<std::string>& class_names() const override { return base_->class_names(); }
  mutable std::atomic<int64_t> reads = 0;

 private:
  DatasetPtr base_;
};

TEST(Cached, ReturnsTheSameAndReadsOnce) {
  const DatasetPtr orchard = make_orchard(small("twins"), OrchardSplit::train);
  const auto counting = std::make_shared<Counting>(orchard);
  const DatasetPtr memory = cached(counting);
  for (int round = 0; round < 3; ++round)
    for (int64_t i : {0, 1, 2, 7}) {
      const Sample a = memory->read(i), b = orchard->read(i);
      EXPECT_EQ(a.image, b.image);
      EXPECT_EQ(a.truth, b.truth);
      EXPECT_EQ(a.id, b.id);
    }
  EXPECT_EQ(counting->reads, 4);
  EXPECT_THROW(memory->read(3), Error);
  EXPECT_THROW(memory->read(3), Error);
  EXPECT_EQ(counting->reads, 6);  // failures are tried again
  EXPECT_EQ(memory->label(5), orchard->label(5));
  EXPECT_THROW(memory->read(-1), Error);
}

TEST(Cached, KeepsNoMoreThanItsBudget) {
  const auto counting =
      std::make_shared<Counting>(make_orchard(small("species"), OrchardSplit::train));
  const DatasetPtr memory = cached(counting, 64 * 64 * 3 * 4);  // room for about two samples
  for (int round = 0; round < 2; ++round)
    for (int64_t i = 10; i < 20; ++i) memory->read(i);
  EXPECT_GE(counting->reads, 20 - 3);
  EXPECT_LT(counting->reads, 20);
}

TEST(Cached, ServesManyThreads) {
  const DatasetPtr orchard = make_orchard(small("species"), OrchardSplit::val),
                   memory = cached(orchard);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int64_t i = 0; i < 20; ++i) wrong += memory->read(i).image != orchard->read(i).image;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace espalier
