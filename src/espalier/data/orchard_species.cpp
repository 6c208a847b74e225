#include "espalier/data/orchard_species.h"

#include <array>

namespace espalier {
namespace {

Species make_apple() {
  return {.name = "apple",
          .leaf = {.length = 0.30,
                   .aspect = 0.60,
                   .belly = 0.45,
                   .fullness = 0.85,
                   .teeth = 11,
                   .base = {0.26, 0.42, 0.20},
                   .tip = {0.42, 0.58, 0.28}},
          .fruit = {.radius = 0.125,
                    .aspect = 1.06,
                    .dent = 0.16,
                    .gloss = 0.6,
                    .light = {0.92, 0.36, 0.26},
                    .deep = {0.52, 0.09, 0.12},
                    .blush = {0.95, 0.78, 0.38},
                    .blush_strength = 0.75}};
}

Species make_pear() {
  return {.name = "pear",
          .leaf = {.length = 0.28,
                   .aspect = 0.68,
                   .belly = 0.40,
                   .fullness = 0.80,
                   .veins = 6,
                   .base = {0.20, 0.38, 0.24},
                   .tip = {0.34, 0.54, 0.32}},
          .fruit = {.radius = 0.115,
                    .aspect = 0.98,
                    .neck = 0.52,
                    .gloss = 0.45,
                    .light = {0.86, 0.83, 0.42},
                    .deep = {0.52, 0.55, 0.18},
                    .blush = {0.80, 0.48, 0.28},
                    .blush_strength = 0.45}};
}

Species make_plum() {
  return {.name = "plum",
          .leaf = {.length = 0.29,
                   .aspect = 0.46,
                   .belly = 0.55,
                   .fullness = 0.90,
                   .teeth = 13,
                   .base = {0.30, 0.42, 0.24},
                   .tip = {0.46, 0.56, 0.34}},
          .fruit = {.radius = 0.105,
                    .aspect = 0.80,
                    .groove = 0.5,
                    .gloss = 0.35,
                    .light = {0.50, 0.36, 0.60},
                    .deep = {0.20, 0.12, 0.32},
                    .blush = {0.70, 0.66, 0.82},
                    .blush_strength = 0.45}};
}

Species make_cherry() {
  return {.name = "cherry",
          .leaf = {.length = 0.36,
                   .aspect = 0.44,
                   .belly = 0.50,
                   .fullness = 1.10,
                   .teeth = 15,
                   .veins = 7,
                   .base = {0.22, 0.46, 0.22},
                   .tip = {0.40, 0.62, 0.26}},
          .fruit = {.radius = 0.068,
                    .aspect = 1.04,
                    .dent = 0.12,
                    .gloss = 0.95,
                    .stalk = 0.17,
                    .together = 2,
                    .light = {0.84, 0.16, 0.22},
                    .deep = {0.42, 0.02, 0.10}}};
}

Species make_lemon() {
  return {.name = "lemon",
          .leaf = {.length = 0.30,
                   .aspect = 0.42,
                   .belly = 0.50,
                   .fullness = 0.95,
                   .veins = 6,
                   .base = {0.12, 0.36, 0.20},
                   .tip = {0.22, 0.50, 0.24}},
          .fruit = {.radius = 0.115,
                    .aspect = 0.80,
                    .point = 0.26,
                    .gloss = 0.55,
                    .light = {0.99, 0.90, 0.36},
                    .deep = {0.80, 0.60, 0.10}}};
}

Species make_orange() {
  return {.name = "orange",
          .leaf = {.length = 0.25,
                   .aspect = 0.52,
                   .belly = 0.50,
                   .fullness = 1.05,
                   .base = {0.10, 0.30, 0.16},
                   .tip = {0.20, 0.42, 0.20}},
          .fruit = {.radius = 0.130,
                    .aspect = 1.03,
                    .gloss = 0.5,
                    .stalk = 0.03,
                    .light = {0.99, 0.66, 0.22},
                    .deep = {0.80, 0.36, 0.06}}};
}

Species make_fig() {
  return {.name = "fig",
          .leaf = {.length = 0.38,
                   .aspect = 0.92,
                   .belly = 0.48,
                   .fullness = 0.70,
                   .lobes = 0.55,
                   .veins = 4,
                   .base = {0.24, 0.44, 0.26},
                   .tip = {0.40, 0.58, 0.34}},
          .fruit = {.radius = 0.100,
                    .aspect = 0.98,
                    .neck = 0.34,
                    .gloss = 0.3,
                    .stalk = 0.03,
                    .light = {0.48, 0.32, 0.42},
                    .deep = {0.22, 0.12, 0.22},
                    .blush = {0.55, 0.62, 0.36},
                    .blush_strength = 0.5}};
}

Species make_apricot() {
  return {.name = "apricot",
          .leaf = {.length = 0.27,
                   .aspect = 0.86,
                   .belly = 0.36,
                   .fullness = 0.72,
                   .teeth = 10,
                   .base = {0.34, 0.50, 0.18},
                   .tip = {0.54, 0.66, 0.28}},
          .fruit = {.radius = 0.098,
                    .aspect = 1.0,
                    .groove = 0.6,
                    .gloss = 0.3,
                    .stalk = 0.03,
                    .light = {0.98, 0.76, 0.44},
                    .deep = {0.88, 0.48, 0.22},
                    .blush = {0.88, 0.32, 0.26},
                    .blush_strength = 0.6}};
}

Species make_olive() {
  return {.name = "olive",
          .leaf = {.length = 0.32,
                   .aspect = 0.22,
                   .belly = 0.50,
                   .fullness = 1.0,
                   .veins = 0,
                   .base = {0.40, 0.48, 0.38},
                   .tip = {0.60, 0.66, 0.54}},
          .fruit = {.radius = 0.062,
                    .aspect = 0.74,
                    .gloss = 0.6,
                    .stalk = 0.06,
                    .together = 2,
                    .light = {0.52, 0.56, 0.26},
                    .deep = {0.24, 0.28, 0.12}}};
}

Species make_peach() {
  return {.name = "peach",
          .leaf = {.length = 0.40,
                   .aspect = 0.28,
                   .belly = 0.45,
                   .fullness = 1.05,
                   .teeth = 14,
                   .veins = 8,
                   .base = {0.24, 0.46, 0.18},
                   .tip = {0.46, 0.62, 0.28}},
          .fruit = {.radius = 0.130,
                    .aspect = 1.0,
                    .point = 0.04,
                    .groove = 0.55,
                    .gloss = 0.2,
                    .stalk = 0.02,
                    .light = {0.99, 0.72, 0.50},
                    .deep = {0.80, 0.34, 0.30},
                    .blush = {0.84, 0.22, 0.28},
                    .blush_strength = 0.7}};
}

Species make_quince() {
  return {.name = "quince",
          .leaf = {.length = 0.26,
                   .aspect = 0.80,
                   .belly = 0.50,
                   .fullness = 0.70,
                   .base = {0.36, 0.46, 0.30},
                   .tip = {0.54, 0.62, 0.44}},
          .fruit = {.radius = 0.130,
                    .aspect = 0.98,
                    .neck = 0.24,
                    .gloss = 0.25,
                    .stalk = 0.02,
                    .light = {0.94, 0.86, 0.34},
                    .deep = {0.72, 0.62, 0.16}}};
}

Species make_currant() {
  return {.name = "currant",
          .leaf = {.length = 0.28,
                   .aspect = 1.0,
                   .belly = 0.46,
                   .fullness = 0.60,
                   .teeth = 9,
                   .lobes = 0.35,
                   .veins = 3,
                   .base = {0.34, 0.52, 0.24},
                   .tip = {0.50, 0.66, 0.34}},
          .fruit = {.radius = 0.045,
                    .aspect = 1.0,
                    .gloss = 1.0,
                    .stalk = 0.05,
                    .together = 4,
                    .light = {0.92, 0.22, 0.20},
                    .deep = {0.60, 0.04, 0.08}}};
}

}  // namespace

const std::vector<Species>& orchard_species() {
  static const std::vector<Species> table{
      make_apple(), make_pear(),    make_plum(),  make_cherry(), make_lemon(),  make_orange(),
      make_fig(),   make_apricot(), make_olive(), make_peach(),  make_quince(), make_currant()};
  return table;
}

const Species& twin_species() {
  static const Species twin{.name = "twin",
                            .leaf = {.length = 0.34,
                                     .aspect = 0.66,
                                     .belly = 0.46,
                                     .fullness = 0.80,
                                     .base = {0.15, 0.34, 0.20},
                                     .tip = {0.25, 0.47, 0.27}},
                            .fruit = {.radius = 0.098,
                                      .aspect = 1.04,
                                      .dent = 0.14,
                                      .gloss = 0.6,
                                      .light = {0.94, 0.62, 0.34},
                                      .deep = {0.66, 0.22, 0.16},
                                      .blush = {0.95, 0.82, 0.46},
                                      .blush_strength = 0.6}};
  return twin;
}

const char* mark_name(MarkShape shape) {
  static constexpr std::array<const char*, kMarkShapes> names{
      "disc", "ring",    "bar",      "cross",    "chevron", "equals",
      "dots", "trefoil", "triangle", "crescent", "square",  "tee"};
  return names.at(static_cast<size_t>(shape));
}

Tone backdrop_tone(int tone) {
  // Dusty blue, sand, mauve, sage, terracotta, teal, lavender, straw, rose, moss, periwinkle, mint.
  static constexpr std::array<Tone, kTones> tones{{{208, 0.34},
                                                   {40, 0.42},
                                                   {312, 0.18},
                                                   {118, 0.18},
                                                   {16, 0.38},
                                                   {178, 0.24},
                                                   {262, 0.26},
                                                   {54, 0.36},
                                                   {346, 0.30},
                                                   {86, 0.24},
                                                   {232, 0.32},
                                                   {150, 0.22}}};
  return tones.at(static_cast<size_t>(tone));
}

}  // namespace espalier
