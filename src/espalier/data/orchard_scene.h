// What stands in one orchard picture, before anything is drawn: wood, leaves, fruit and marks with
// their poses. Lengths are shares of the picture's side, x to the right and y down, angles in
// radians; a scene draws alike at any size.
//
//   Scene scene = compose_scene(config, OrchardSplit::train, 7, /*label=*/3);
//   Sample s = render_scene(scene, config.size, config.noise);     // orchard_render.h
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "espalier/core/random.h"
#include "espalier/data/orchard.h"
#include "espalier/data/orchard_species.h"

namespace espalier {

struct Vec {
  double x = 0, y = 0;
};
inline Vec operator+(Vec a, Vec b) {
  return {a.x + b.x, a.y + b.y};
}
inline Vec operator-(Vec a, Vec b) {
  return {a.x - b.x, a.y - b.y};
}
inline Vec operator*(Vec a, double s) {
  return {a.x * s, a.y * s};
}
Vec direction(double angle);  // unit length
double length(Vec v);

// A branch, a twig or a stalk: a cubic Bezier curve that tapers.
struct Stroke {
  Vec from, bend1, bend2, to;
  double thick_from = 0.03, thick_to = 0.02;

  Vec at(double t) const;
  Vec tangent(double t) const;  // unit length
};

struct Mark {
  MarkShape shape = MarkShape::disc;
  double along = 0.5,
         across = 0;      // centre: share of the midrib, and offset from it in picture sides
  double turn = 0;        // against the leaf
  double side = 0.2;      // of the square it fills
  double strength = 0.9;  // opacity
};

struct Item {
  enum class Kind { leaf, fruit };
  Kind kind = Kind::leaf;
  Vec at{};          // leaf: foot of the blade; fruit: centre
  double angle = 0;  // leaf: where the tip points; fruit: tilt, 0 hangs straight down
  double scale = 1, bend = 0, tint = 0;
  bool behind = false;  // of the wood
  std::optional<Mark> mark{};
  int64_t track = -1;
};

struct Scene {
  const Species* plant = nullptr;
  int64_t label = 0;
  int style = 0, tone = 0;  // of the background
  double light = -2.2;      // where the light comes from
  double gain = 1;          // exposure
  std::vector<Stroke> wood;
  std::vector<Item> items;  // back to front
  Random detail{0};         // of the background
  Random sensor{0};         // noise
};

// A mark's track is its leaf's plus this.
inline constexpr int64_t kMarkTracks = 1'000'000;

inline constexpr int kBackdropStyles = 5;  // sky, plaster, boards, foliage, brick

// The scene of picture i as it would be with this label; which label it has is decided elsewhere.
Scene compose_scene(const OrchardConfig& config, OrchardSplit split, int64_t i, int64_t label);

// Frame `frame` of video `number`; any frame >= 0.
Scene compose_frame(const OrchardConfig& config, uint64_t number, int64_t frame);

// The random stream of a split, apart from every other split, kind and seed.
Random orchard_stream(const OrchardConfig& config, std::string_view part);
const char* split_name(OrchardSplit split);

// Shared by pictures and videos: one to two branches across the picture.
std::vector<Stroke> grow_wood(Random& random);

}  // namespace espalier
