// Backgrounds: soft and muted, so that what grows in front stands out. Five styles, twelve tones.
#include <cmath>
#include <numbers>

#include <cairo.h>

#include "espalier/data/orchard_draw.h"

namespace espalier {
namespace {

struct Shades {
  Rgb pale, middle, deep;
};

// The tone in three lightnesses; each picture a little of its own.
Shades shades(int tone, Random& random, double lightness, double muted = 1) {
  const Tone base = backdrop_tone(tone);
  const double hue = base.hue + random.uniform(-7, 7),
               sat = muted * base.saturation * random.uniform(0.65, 1.0);
  const double light = lightness + random.uniform(-0.05, 0.05);
  return {from_hsl(hue, sat, light + 0.10), from_hsl(hue, sat, light),
          from_hsl(hue, sat, light - 0.12)};
}

// The middle shade moved some way, up to `most`, towards the pale or the deep one.
Rgb varied(Random& random, const Shades& s, double most) {
  const Rgb towards = random.chance(0.5) ? s.pale : s.deep;
  return mix(s.middle, towards, random.uniform(0, most));
}

void blob(
    cairo_t* context, Random& random, Rgb colour, double radius, double opacity, double hardness) {
  const double x = random.uniform(-0.05, 1.05), y = random.uniform(-0.05, 1.05);
  cairo_arc(context, x, y, radius, 0, 2 * std::numbers::pi);
  fill_radial(context, {x, y}, {x, y}, radius,
              {{0, colour, opacity}, {hardness, colour, opacity}, {1, colour, 0}});
}

void paint_gradient(cairo_t* context, Random& random, const Shades& s) {
  const double lean = random.uniform(-0.25, 0.25);
  fill_linear(context, {0.5 - lean, 0}, {0.5 + lean, 1}, {{0, s.middle}, {1, s.pale}});
}

void paint_sky(cairo_t* context, Random random, int tone) {
  const Shades s = shades(tone, random, 0.76);
  paint_gradient(context, random, s);
  for (int k = 0; k < 4; ++k) {
    const double radius = random.uniform(0.18, 0.38), opacity = random.uniform(0.12, 0.30);
    blob(context, random, {1, 0.99, 0.96}, radius, opacity, 0.1);
  }
}

void paint_plaster(cairo_t* context, Random random, int tone) {
  const Shades s = shades(tone, random, 0.70);
  paint_gradient(context, random, s);
  for (int k = 0; k < 7; ++k) {
    const bool pale = random.chance(0.5);
    const double radius = random.uniform(0.15, 0.40), opacity = random.uniform(0.10, 0.28);
    blob(context, random, pale ? s.pale : s.deep, radius, opacity, 0);
  }
  // The wires that espaliers are trained along.
  double y = random.uniform(0.08, 0.25);
  for (const double step = random.uniform(0.26, 0.36); y < 1; y += step) {
    cairo_move_to(context, 0, y);
    cairo_line_to(context, 1, y + 0.01);
    set_colour(context, mix(s.deep, {0, 0, 0}, 0.35), 0.45);
    cairo_set_line_width(context, 0.008);
    cairo_stroke(context);
  }
}

void paint_boards(cairo_t* context, Random random, int tone) {
  const Shades s = shades(tone, random, 0.65, 0.9);
  const bool upright = random.chance(0.6);
  const double wide = random.uniform(0.16, 0.24);
  for (double at = -random.uniform(0, wide); at < 1; at += wide) {
    const Rgb board = varied(random, s, 0.45);
    const Rgb dark = mix(board, {0, 0, 0}, 0.18);
    if (upright)
      cairo_rectangle(context, at, 0, wide, 1);
    else
      cairo_rectangle(context, 0, at, 1, wide);
    const Vec to = upright ? Vec{at + wide, 0} : Vec{0, at + wide};
    fill_linear(context, upright ? Vec{at, 0} : Vec{0, at}, to,
                {{0, mix(board, {1, 1, 1}, 0.10)}, {0.12, board}, {0.90, board}, {1, dark}});
    if (upright)
      cairo_rectangle(context, at, 0, 0.010, 1);
    else
      cairo_rectangle(context, 0, at, 1, 0.010);
    set_colour(context, mix(s.deep, {0, 0, 0}, 0.4), 0.6);
    cairo_fill(context);
  }
}

void paint_foliage(cairo_t* context, Random random, int tone) {
  const Shades s = shades(tone, random, 0.55, 0.8);
  fill_linear(context, {0, 0}, {0.3, 1}, {{0, s.middle}, {1, s.deep}});
  for (int k = 0; k < 12; ++k) {
    const Rgb colour =
        random.chance(0.6) ? mix(s.pale, {1, 1, 0.9}, random.uniform(0, 0.35)) : s.deep;
    const double radius = random.uniform(0.06, 0.17), opacity = random.uniform(0.10, 0.34);
    blob(context, random, colour, radius, opacity, 0.72);
  }
}

void paint_bricks(cairo_t* context, Random random, int tone) {
  const Shades s = shades(tone, random, 0.66);
  set_colour(context, mix(s.pale, {0.95, 0.94, 0.90}, 0.55));
  cairo_paint(context);
  const double tall = random.uniform(0.105, 0.135), wide = 2.4 * tall, joint = 0.014;
  double y = -random.uniform(0, tall);
  for (int course = 0; y < 1; ++course, y += tall)
    for (double x = -wide * (course % 2 ? 0.5 : 1.0); x < 1; x += wide) {
      set_colour(context, varied(random, s, 0.55));
      cairo_rectangle(context, x + joint, y + joint, wide - joint, tall - joint);
      cairo_fill(context);
    }
}

}  // namespace

void draw_backdrop(Layer& layer, const Scene& scene) {
  layer.begin();
  cairo_t* context = layer.context();
  const Random random = scene.detail.stream("backdrop");
  switch (scene.style) {
    case 0:
      return paint_sky(context, random, scene.tone);
    case 1:
      return paint_plaster(context, random, scene.tone);
    case 2:
      return paint_boards(context, random, scene.tone);
    case 3:
      return paint_foliage(context, random, scene.tone);
    default:
      return paint_bricks(context, random, scene.tone);
  }
}

}  // namespace espalier
