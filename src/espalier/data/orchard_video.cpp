// Videos: an endless procession of leaves and fruit that drift across the picture in front of fixed
// wood. Object k enters around frame kSpacing * k - kHeadStart, whatever is asked for, so that a
// frame depends on nothing but its number.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "espalier/core/error.h"
#include "espalier/data/orchard_check.h"
#include "espalier/data/orchard_render.h"

namespace espalier {
namespace {

constexpr int64_t kSpacing = 7, kHeadStart = 42, kJitter = 5, kLongestLife = 56;

// Where object k is `age` of its life (0 enters, 1 has left), one way or the other across the
// picture.
Item drifting(const Scene& scene, Random random, double age) {
  Item item;
  item.kind = random.chance(0.5) ? Item::Kind::leaf : Item::Kind::fruit;
  item.scale = random.uniform(0.85, 1.2);
  const bool leaf = item.kind == Item::Kind::leaf;
  const double reach =
      leaf ? 0.55 * scene.plant->leaf.length * item.scale : scene.plant->fruit.radius * item.scale;
  const double lane = random.uniform(0.15, 0.85), drift = random.uniform(-0.25, 0.25);
  const double sway = random.uniform(0.01, 0.04), phase = random.uniform(0, 2 * std::numbers::pi);
  const bool leftwards = random.chance(0.5);
  const double along = -reach + (1 + 2 * reach) * age;
  const Vec centre{leftwards ? 1 - along : along,
                   lane + drift * (age - 0.5) + sway * std::sin(phase + 9 * age)};
  const double turn = random.uniform(-1.6, 1.6) * age;
  item.angle = leaf ? random.uniform(0, 2 * std::numbers::pi) + turn : 0.3 * turn;
  item.bend = leaf ? random.uniform(-0.14, 0.14) : 0;
  item.tint = random.uniform(-0.7, 0.7);
  item.at = leaf ? centre - direction(item.angle) * (0.5 * scene.plant->leaf.length * item.scale)
                 : centre;
  return item;
}

Mark random_mark(const OrchardConfig& config, int64_t label, Random random) {
  return {.shape = static_cast<MarkShape>(label),
          .along = 0.48,
          .across = 0,
          .turn = random.uniform(0, 2 * std::numbers::pi),
          .side = config.mark,
          .strength = random.uniform(0.72, 1.0)};
}

class OrchardVideo : public Dataset {
 public:
  OrchardVideo(const OrchardConfig& config, int64_t frames, uint64_t number)
      : config_(config), frames_(frames), number_(number), names_(orchard_class_names(config)) {}

  int64_t size() const override { return frames_; }

  Sample read(int64_t i, int) const override {
    std::string name = id(i);
    Sample sample = render_scene(compose_frame(config_, number_, i), static_cast<int>(config_.size),
                                 config_.noise);
    sample.id = std::move(name);
    return sample;
  }

  std::string id(int64_t i) const override {
    if (i < 0 || i >= frames_)
      fail(Kind::usage, "orchard video: frame {} of {} was asked for", i, frames_);
    return fmt::format("orchard/{}/video{:03}/{:06}", config_.kind, number_, i);
  }

  int64_t label(int64_t) const override {
    return static_cast<int64_t>(number_ % static_cast<uint64_t>(config_.classes));
  }
  const std::vector<std::string>& class_names() const override { return names_; }

 private:
  OrchardConfig config_;
  int64_t frames_;
  uint64_t number_;
  std::vector<std::string> names_;
};

}  // namespace

Scene compose_frame(const OrchardConfig& config, uint64_t number, int64_t frame) {
  const Random own = orchard_stream(config, "video").stream(number);
  const bool twins = config.kind == "twins";
  Scene scene;
  scene.label = static_cast<int64_t>(number % static_cast<uint64_t>(config.classes));
  scene.plant =
      twins ? &twin_species() : &orchard_species()[static_cast<size_t>(config.first + scene.label)];
  Random setting = own.stream("setting");
  scene.style = static_cast<int>(setting.below(kBackdropStyles));
  scene.tone = static_cast<int>(setting.below(kTones));
  scene.light = setting.uniform(-2.7, -1.7);
  scene.detail = own.stream("detail");
  scene.sensor = own.stream("sensor").stream(static_cast<uint64_t>(frame));
  scene.wood = grow_wood(setting);
  std::vector<std::pair<double, Item>> objects;
  const int64_t first =
      std::max<int64_t>(0, (frame + kHeadStart - kLongestLife - kJitter) / kSpacing);
  const int64_t last = (frame + kHeadStart + kJitter) / kSpacing;
  for (int64_t k = first; k <= last; ++k) {
    const Random object = own.stream("object").stream(static_cast<uint64_t>(k));
    Random times = object.stream("times");
    const double enters =
        static_cast<double>(kSpacing * k - kHeadStart) + times.uniform(0, kJitter);
    const double life = times.uniform(34, kLongestLife),
                 age = (static_cast<double>(frame) - enters) / life;
    const double depth = times.uniform();
    if (age < 0 || age > 1) continue;
    Item item = drifting(scene, object.stream("pose"), age);
    item.track = k;
    if (twins && item.kind == Item::Kind::leaf)
      item.mark = random_mark(config, scene.label, object.stream("mark"));
    objects.emplace_back(depth, item);
  }
  std::stable_sort(objects.begin(), objects.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [depth, item] : objects) scene.items.push_back(item);
  return scene;
}

DatasetPtr make_orchard_video(const OrchardConfig& config, int64_t frames, uint64_t number) {
  check_orchard(config);
  if (frames < 1) fail(Kind::usage, "orchard video: {} frames; at least 1 is needed", frames);
  return std::make_shared<OrchardVideo>(config, frames, number);
}

}  // namespace espalier
