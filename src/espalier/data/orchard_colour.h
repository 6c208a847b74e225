// Colours of the orchard: linear mixes and HSL, channels in 0..1.
//
//   Rgb leaf = mix(from_hsl(110, 0.35, 0.40), {1, 1, 0.9}, 0.2);
#pragma once

namespace espalier {

struct Rgb {
  double r = 0, g = 0, b = 0;
};

// a for t = 0, b for t = 1.
Rgb mix(Rgb a, Rgb b, double t);

// Hue in degrees (any real), saturation and lightness in 0..1.
Rgb from_hsl(double hue, double saturation, double lightness);

// A natural variation of a colour, tint in -1..1: cooler and deeper below 0, warmer and paler
// above.
Rgb tinted(Rgb colour, double tint);

}  // namespace espalier
