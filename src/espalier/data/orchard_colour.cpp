#include "espalier/data/orchard_colour.h"

#include <algorithm>
#include <cmath>

namespace espalier {

Rgb mix(Rgb a, Rgb b, double t) {
  return {a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t};
}

Rgb from_hsl(double hue, double saturation, double lightness) {
  const double chroma = saturation * std::min(lightness, 1 - lightness);
  const auto channel = [&](double offset) {
    double k = std::fmod(offset + hue / 30, 12);
    if (k < 0) k += 12;
    return lightness - chroma * std::max(-1.0, std::min({k - 3, 9 - k, 1.0}));
  };
  return {channel(0), channel(8), channel(4)};
}

Rgb tinted(Rgb colour, double tint) {
  const Rgb pale{0.96, 0.90, 0.55}, deep{0.05, 0.12, 0.20};
  return tint > 0 ? mix(colour, pale, 0.22 * tint) : mix(colour, deep, -0.24 * tint);
}

}  // namespace espalier
