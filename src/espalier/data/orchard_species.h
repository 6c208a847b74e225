// What grows in the orchard: the shapes and colours of each species, the marks that set twins
// apart, and the tones of backgrounds. Tables only; drawing is in orchard_draw.h.
//
//   const Species& apple = orchard_species()[0];
#pragma once

#include <string>
#include <vector>

#include "espalier/data/orchard_colour.h"

namespace espalier {

struct LeafShape {
  double length = 0.32;  // over the side of the picture
  double aspect = 0.5;   // width over length
  double belly = 0.45;   // where along the midrib the leaf is widest, 0 base .. 1 tip
  double fullness = 1;   // exponent of the outline: below 1 rounder, above 1 leaner
  int teeth = 0;         // on each side
  double lobes = 0;      // depth of the three lobes, 0 none
  int veins = 5;         // pairs
  Rgb base{}, tip{};     // colours of the blade
};

struct FruitShape {
  double radius = 0.11;  // over the side of the picture
  double aspect = 1;     // width over height
  double neck = 0;       // how much the upper part is drawn in and up (pear)
  double point = 0;      // pointed ends (lemon)
  double dent = 0;       // hollow at the stalk (apple)
  double groove = 0;     // strength of the seam (plum, apricot)
  double gloss = 0.7;    // strength of the highlight
  double stalk = 0.05;   // length
  int together = 1;      // fruits that hang from one node
  Rgb light{}, deep{}, blush{};
  double blush_strength = 0;
};

struct Species {
  std::string name;
  LeafShape leaf;
  FruitShape fruit;
};

// The species of kind "species", in class order.
const std::vector<Species>& orchard_species();

// The one plant that all twins are.
const Species& twin_species();

// Local marks of twins, in class order. All stay apart under any rotation and mirroring.
enum class MarkShape {
  disc,
  ring,
  bar,
  cross,
  chevron,
  equals,
  dots,
  trefoil,
  triangle,
  crescent,
  square,
  tee
};
inline constexpr int kMarkShapes = 12;
const char* mark_name(MarkShape shape);

// Hue (degrees) and saturation of background tone 0 .. kTones-1; neighbours in the list are far
// apart in hue.
inline constexpr int kTones = 12;
struct Tone {
  double hue, saturation;
};
Tone backdrop_tone(int tone);

}  // namespace espalier
