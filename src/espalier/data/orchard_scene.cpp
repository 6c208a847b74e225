#include "espalier/data/orchard_scene.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace espalier {
namespace {

constexpr double kPi = std::numbers::pi;

Stroke stroke_between(Vec from, Vec to, double sag, double thick_from, double thick_to) {
  const Vec step = (to - from) * (1.0 / 3);
  const Vec side{-step.y * sag, step.x * sag};
  return {from, from + step + side, to - step + side, to, thick_from, thick_to};
}

Vec random_place(Random& random, const std::vector<Stroke>& wood, Vec& tangent) {
  const Stroke& branch = wood[static_cast<size_t>(random.below(static_cast<int64_t>(wood.size())))];
  const double t = random.uniform(0.06, 0.94);
  tangent = branch.tangent(t);
  return branch.at(t);
}

bool free_of_fruit(const std::vector<Item>& items, Vec centre, double distance) {
  for (const Item& item : items)
    if (item.kind == Item::Kind::fruit && length(item.at - centre) < distance) return false;
  return true;
}

// Fruits hang below a node on their stalks; `wanted` nodes are tried where there is room.
void hang_fruit(Scene& scene, Random& random, int64_t wanted) {
  const FruitShape& shape = scene.plant->fruit;
  const size_t branches = scene.wood.size();  // stalks are added behind them
  const std::vector<Stroke> branch(scene.wood.begin(),
                                   scene.wood.begin() + static_cast<long>(branches));
  for (int64_t tries = 0; tries < 10 * wanted && wanted > 0; ++tries) {
    Vec tangent;
    const Vec node = random_place(random, branch, tangent);
    bool hung = false;
    for (int k = 0; k < shape.together; ++k) {
      const double scale = random.uniform(0.85, 1.15), radius = shape.radius * scale;
      const double spread =
          shape.together > 1 ? (k - (shape.together - 1) / 2.0) * 1.7 * shape.radius : 0;
      const double drop = shape.stalk * random.uniform(0.8, 1.2) + radius * (1 + 0.5 * shape.neck);
      const Vec centre = node + Vec{spread + random.uniform(-0.02, 0.02), drop};
      const double tint = random.uniform(-0.6, 0.6), angle = random.uniform(-0.35, 0.35);
      const bool inside =
          centre.x > radius * 0.5 && centre.x < 1 - radius * 0.5 && centre.y < 1 - radius * 0.5;
      if (!inside || !free_of_fruit(scene.items, centre, 1.5 * radius)) continue;
      scene.items.push_back(
          {.kind = Item::Kind::fruit, .at = centre, .angle = angle, .scale = scale, .tint = tint});
      const Vec top = centre - Vec{0, radius * 0.75};
      scene.wood.push_back(stroke_between(node, top, random.uniform(-0.4, 0.4), 0.014, 0.010));
      hung = true;
    }
    if (hung) --wanted;
  }
}

// A leaf at a node of a branch, on the side `side` (+1, -1) of it, with its petiole.
void grow_leaf(Scene& scene, Random& random, const Stroke& branch, double t, int side) {
  const bool behind = random.chance(0.35);
  const Vec node = branch.at(t), along = branch.tangent(t);
  const double angle = std::atan2(along.y, along.x) + side * random.uniform(0.5, 1.45);
  const Vec foot = node + direction(angle) * random.uniform(0.03, 0.06);
  scene.wood.push_back(stroke_between(node, foot, random.uniform(-0.3, 0.3), 0.013, 0.008));
  scene.items.push_back({.kind = Item::Kind::leaf,
                         .at = foot,
                         .angle = angle,
                         .scale = random.uniform(0.78, 1.15),
                         .bend = random.uniform(-0.16, 0.16),
                         .tint = random.uniform(-0.7, 0.7),
                         .behind = behind});
}

void grow_leaf_anywhere(Scene& scene, Random& random, const Stroke& branch) {
  const double t = random.uniform(0.08, 0.92);
  grow_leaf(scene, random, branch, t, random.chance(0.5) ? 1 : -1);
}

void compose_species(Scene& scene, Random random) {
  scene.wood = grow_wood(random);
  const std::vector<Stroke> branches = scene.wood;
  for (size_t b = 0; b < branches.size(); ++b) {
    const int64_t nodes = b == 0 ? 5 + random.below(2) : 2 + random.below(2);
    int side = random.chance(0.5) ? 1 : -1;
    for (int64_t k = 0; k < nodes; ++k, side = -side) {
      const double t =
          (static_cast<double>(k) + random.uniform(0.2, 0.8)) / static_cast<double>(nodes);
      grow_leaf(scene, random, branches[b], t, side);
    }
  }
  const std::vector<Stroke> all = scene.wood;
  scene.wood = branches;
  hang_fruit(scene, random, 1 + random.below(5));
  scene.wood.insert(scene.wood.end(), all.begin() + static_cast<long>(branches.size()), all.end());
  // One or two leaves in front of everything give honest occlusion.
  for (int64_t k = random.below(3); k > 0; --k) grow_leaf_anywhere(scene, random, branches[0]);
}

Vec nearest_on(const std::vector<Stroke>& branches, Vec place) {
  Vec best = branches[0].from;
  for (const Stroke& branch : branches)
    for (int k = 0; k <= 24; ++k) {
      const Vec here = branch.at(k / 24.0);
      if (length(here - place) < length(best - place)) best = here;
    }
  return best;
}

// Whether a leaf would hide any of a mark that was placed before it.
bool hides(
    const Item& leaf, double blade_length, double blade_width, Vec mark_centre, double mark_side) {
  const Vec d = mark_centre - (leaf.at + direction(leaf.angle) * (0.5 * blade_length));
  const Vec u = direction(leaf.angle);
  const double along = d.x * u.x + d.y * u.y, across = -d.x * u.y + d.y * u.x;
  const double reach = 0.75 * mark_side;
  const double a = along / (0.5 * blade_length + reach), b = across / (0.5 * blade_width + reach);
  return a * a + b * b < 1;
}

// One to three large leaves, each with the mark, in front of everything and never over another's
// mark.
void add_marked_leaves(Scene& scene,
                       Random& random,
                       const std::vector<Stroke>& branches,
                       const OrchardConfig& config) {
  const LeafShape& shape = scene.plant->leaf;
  const double margin = 0.75 * config.mark;
  std::vector<Vec> centres;
  for (int64_t wanted = 1 + random.below(3), tries = 0; wanted > 0 && tries < 40; ++tries) {
    const double width = std::max(0.26, 1.55 * config.mark) * random.uniform(1.0, 1.2);
    const double blade = width / shape.aspect;
    const Vec centre{random.uniform(margin, 1 - margin), random.uniform(margin, 1 - margin)};
    const Vec node = nearest_on(branches, centre), away = centre - node;
    const double angle = std::atan2(away.y, away.x) + random.uniform(-1.0, 1.0);
    Mark mark{.shape = static_cast<MarkShape>(config.first + scene.label),
              .along = random.uniform(0.42, 0.52),
              .across = random.uniform(-0.04, 0.04) * width,
              .turn = random.uniform(0, 2 * kPi),
              .side = config.mark,
              .strength = random.uniform(0.72, 1.0)};
    Item leaf{.kind = Item::Kind::leaf,
              .angle = angle,
              .scale = blade / shape.length,
              .bend = random.uniform(-0.06, 0.06),
              .tint = random.uniform(-0.6, 0.6),
              .mark = mark};
    leaf.at =
        centre - direction(angle) * (mark.along * blade) - direction(angle + kPi / 2) * mark.across;
    bool fits = true;
    for (Vec earlier : centres) fits = fits && !hides(leaf, blade, width, earlier, config.mark);
    if (!fits) continue;
    centres.push_back(centre);
    scene.wood.push_back(stroke_between(node, leaf.at, random.uniform(-0.3, 0.3), 0.014, 0.009));
    scene.items.push_back(leaf);
    --wanted;
  }
}

void compose_twins(Scene& scene, Random random, const OrchardConfig& config) {
  scene.wood = grow_wood(random);
  const std::vector<Stroke> branches = scene.wood;
  const int64_t plain_leaves = 2 + random.below(3);
  for (int64_t k = 0; k < plain_leaves; ++k) grow_leaf_anywhere(scene, random, branches[0]);
  const std::vector<Stroke> all = scene.wood;
  scene.wood = branches;
  hang_fruit(scene, random, 1 + random.below(3));
  scene.wood.insert(scene.wood.end(), all.begin() + static_cast<long>(branches.size()), all.end());
  add_marked_leaves(scene, random, branches, config);
}

}  // namespace

Vec direction(double angle) {
  return {std::cos(angle), std::sin(angle)};
}

double length(Vec v) {
  return std::sqrt(v.x * v.x + v.y * v.y);
}

Vec Stroke::at(double t) const {
  const double s = 1 - t;
  return from * (s * s * s) + bend1 * (3 * s * s * t) + bend2 * (3 * s * t * t) + to * (t * t * t);
}

Vec Stroke::tangent(double t) const {
  const double s = 1 - t;
  const Vec d = (bend1 - from) * (s * s) + (bend2 - bend1) * (2 * s * t) + (to - bend2) * (t * t);
  const double size = length(d);
  return size > 1e-9 ? d * (1 / size) : Vec{1, 0};
}

std::vector<Stroke> grow_wood(Random& random) {
  const double left = random.uniform(0.18, 0.62), right = left + random.uniform(-0.22, 0.22);
  Vec from{-0.06, left}, to{1.06, right};
  if (random.chance(0.5)) std::swap(from, to);
  Stroke main{from, {}, {}, to, random.uniform(0.042, 0.055), random.uniform(0.018, 0.026)};
  const Vec step = (to - from) * (1.0 / 3);
  main.bend1 = from + step + Vec{0, random.uniform(-0.12, 0.12)};
  main.bend2 = to - step + Vec{0, random.uniform(-0.12, 0.12)};
  std::vector<Stroke> wood{main};
  if (random.chance(0.55)) {
    const double t = random.uniform(0.2, 0.6), up = random.chance(0.7) ? -1.0 : 1.0;
    const Vec node = main.at(t), along = main.tangent(t);
    const double on = random.uniform(0.3, 0.5), off = up * random.uniform(0.35, 0.6);
    const Vec end = node + along * on + Vec{0, off};
    wood.push_back(stroke_between(node, end, random.uniform(-0.5, 0.5), 0.028, 0.009));
  }
  return wood;
}

const char* split_name(OrchardSplit split) {
  return split == OrchardSplit::train ? "train" : split == OrchardSplit::val ? "val" : "test";
}

Random orchard_stream(const OrchardConfig& config, std::string_view part) {
  return Random(static_cast<uint64_t>(config.seed))
      .stream("orchard")
      .stream(config.kind)
      .stream(part);
}

Scene compose_scene(const OrchardConfig& config, OrchardSplit split, int64_t i, int64_t label) {
  const Random own = orchard_stream(config, split_name(split)).stream(static_cast<uint64_t>(i));
  const bool twins = config.kind == "twins";
  Scene scene;
  scene.plant =
      twins ? &twin_species() : &orchard_species()[static_cast<size_t>(config.first + label)];
  scene.label = label;
  Random light = own.stream("light");
  scene.style = static_cast<int>(light.below(kBackdropStyles));
  scene.light = light.uniform(-2.7, -1.7);
  scene.gain = light.uniform(0.9, 1.08);
  // The tone is drawn from the same list whether it follows the class or not, so only their
  // agreement tells.
  Random tone = own.stream("tone");
  const int64_t free_tone = tone.below(config.classes);
  const bool follows = split == OrchardSplit::train && tone.chance(config.spurious);
  scene.tone = static_cast<int>(follows ? label : free_tone);
  scene.detail = own.stream("detail");
  scene.sensor = own.stream("sensor");
  if (twins)
    compose_twins(scene, own.stream("layout"), config);
  else
    compose_species(scene, own.stream("layout"));
  return scene;
}

}  // namespace espalier
