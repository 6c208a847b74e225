#include "espalier/report/overlay.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "espalier/data/stretch.h"

namespace espalier {
namespace {

struct Lab {
  double l, a, b;
};

// OKLab to linear sRGB, the matrices of the source.
std::array<double, 3> linear_rgb(const Lab& c) {
  const double l = std::pow(c.l + 0.3963377774 * c.a + 0.2158037573 * c.b, 3);
  const double m = std::pow(c.l - 0.1055613458 * c.a - 0.0638541728 * c.b, 3);
  const double s = std::pow(c.l - 0.0894841775 * c.a - 1.2914855480 * c.b, 3);
  return {4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
          -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
          -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s};
}

bool in_gamut(const Lab& colour) {
  const auto rgb = linear_rgb(colour);
  return std::all_of(rgb.begin(), rgb.end(), [](double v) { return v >= 0 && v <= 1; });
}

// The path of the ramp: lightness 0.22 .. 0.96, hue from violet over red to yellow, as much colour as the screen can show up
// to 0.19.
Lab path_at(double u) {
  const double lightness = 0.22 + 0.74 * u;
  const double hue = (295 + 170 * u) * std::numbers::pi / 180;
  double chroma = 0.19 * std::sin(std::numbers::pi * (0.2 + 0.62 * u));
  Lab colour{};
  do {
    colour = {lightness, chroma * std::cos(hue), chroma * std::sin(hue)};
    chroma *= 0.99;
  } while (!in_gamut(colour) && chroma > 1e-3);
  return colour;
}

double distance(const Lab& a, const Lab& b) {
  return std::hypot(a.l - b.l, a.a - b.a, a.b - b.b);
}

uint8_t srgb_byte(double linear) {
  linear = std::clamp(linear, 0.0, 1.0);
  const double v = linear <= 0.0031308 ? 12.92 * linear : 1.055 * std::pow(linear, 1 / 2.4) - 0.055;
  return static_cast<uint8_t>(std::lround(255 * v));
}

// The path walked at constant speed.
std::array<Rgb, 256> make_ramp() {
  constexpr int kSteps = 1024;
  std::vector<Lab> path;
  std::vector<double> length = {0};
  for (int i = 0; i <= kSteps; ++i) {
    path.push_back(path_at(static_cast<double>(i) / kSteps));
    if (i > 0) length.push_back(length.back() + distance(path[path.size() - 2], path.back()));
  }
  std::array<Rgb, 256> ramp{};
  for (size_t k = 0; k < ramp.size(); ++k) {
    const double wanted = length.back() * static_cast<double>(k) / 255;
    const size_t at = static_cast<size_t>(std::lower_bound(length.begin(), length.end(), wanted) -
                                          length.begin());
    const auto rgb = linear_rgb(path[std::min(at, path.size() - 1)]);
    for (size_t c = 0; c < 3; ++c) ramp[k][c] = srgb_byte(rgb[c]);
  }
  return ramp;
}

double gray_at(const Image& picture, int x, int y) {
  if (picture.channels < 3) return picture.at(x, y);
  return 0.299 * picture.at(x, y, 0) + 0.587 * picture.at(x, y, 1) + 0.114 * picture.at(x, y, 2);
}

// Values of the grid in 0..1.
Raster<float> levels_of(const Raster<float>& heat) {
  float low = std::numeric_limits<float>::infinity(), high = -low;
  for (float v : heat.pixels) {
    if (!std::isfinite(v)) continue;
    low = std::min(low, v);
    high = std::max(high, v);
  }
  Raster<float> levels = heat;
  const double range = static_cast<double>(high) - low;
  for (float& v : levels.pixels)
    v = std::isfinite(v) && range > 0 ? static_cast<float>((static_cast<double>(v) - low) / range)
                                      : 0;
  return levels;
}

}  // namespace

Rgb heat_colour(double t) {
  static const std::array<Rgb, 256> ramp = make_ramp();
  return t > 0 ? ramp[static_cast<size_t>(std::lround(255 * std::min(t, 1.0)))] : ramp[0];
}

Image overlay_heat(const Image& picture, const Raster<float>& heat, double strength) {
  const Raster<float> levels = stretch(levels_of(heat), picture.width, picture.height);
  strength = std::clamp(strength, 0.0, 1.0);
  Image out(picture.width, picture.height, 3);
  for (int y = 0; y < picture.height; ++y)
    for (int x = 0; x < picture.width; ++x) {
      const Rgb colour = heat_colour(levels.at(x, y));
      const double gray = gray_at(picture, x, y);
      for (int c = 0; c < 3; ++c)
        out.at(x, y, c) = static_cast<uint8_t>(std::lround(
            std::lerp(gray, static_cast<double>(colour[static_cast<size_t>(c)]), strength)));
    }
  return out;
}

}  // namespace espalier
