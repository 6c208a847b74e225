#include <algorithm>
#include <cmath>

#include "espalier/core/error.h"
#include "espalier/data/resample.h"
#include "espalier/data/transform.h"

namespace espalier {
namespace {

// A box with a side shorter than this is what rounding leaves of an object outside the frame, not
// an object.
constexpr float kEmptySide = 1e-3f;
constexpr double kUnseen = 1e-6;  // pixels

// One warp: the map in both directions, the output frame, and how pixels are moved.
struct Geometry {
  Affine from_output, to_output;
  int width, height;
  std::optional<PixelMove> move;

  bool upright() const { return from_output[1] == 0 && from_output[3] == 0; }
};

Affine inverse(const Affine& m) {
  const double det = m[0] * m[4] - m[1] * m[3];
  const double a = m[4] / det, b = -m[1] / det, c = -m[3] / det, d = m[0] / det;
  return {a, b, -(a * m[2] + b * m[5]), c, d, -(c * m[2] + d * m[5])};
}

Geometry make_geometry(Affine from_output, int width, int height) {
  if (width < 1 || height < 1) fail(Kind::usage, "cannot warp an image to {} x {}", width, height);
  // The sine of half a turn is not quite 0 in doubles; what moves nothing visibly is no turn.
  if (std::abs(from_output[1]) * height < kUnseen && std::abs(from_output[3]) * width < kUnseen)
    from_output[1] = from_output[3] = 0;
  Geometry geometry{from_output, inverse(from_output), width, height, as_pixel_move(from_output)};
  for (const Affine& map : {geometry.from_output, geometry.to_output})
    for (double value : map)
      if (!std::isfinite(value)) fail(Kind::usage, "a warp needs a finite, invertible map");
  return geometry;
}

Image warp_smooth(const Image& in, const Geometry& g, uint8_t fill) {
  if (g.move) return move_pixels(in, *g.move, g.width, g.height, fill);
  const Affine& m = g.from_output;
  if (g.upright())
    return resample_separable(in, {m[0], m[2]}, {m[4], m[5]}, g.width, g.height, fill);
  return resample_affine(in, m, g.width, g.height, fill);
}

Image warp_classes(const Image& in, const Geometry& g) {
  if (g.move) return move_pixels(in, *g.move, g.width, g.height, Annotation::kIgnore);
  return resample_nearest(in, g.from_output, g.width, g.height, Annotation::kIgnore);
}

Box warp_box(const Box& box, const Geometry& g) {
  const Affine& m = g.to_output;
  double x0 = HUGE_VAL, y0 = HUGE_VAL, x1 = -HUGE_VAL, y1 = -HUGE_VAL;
  for (double x : {box.x0, box.x1})
    for (double y : {box.y0, box.y1}) {
      const double to_x = m[0] * x + m[1] * y + m[2], to_y = m[3] * x + m[4] * y + m[5];
      x0 = std::min(x0, to_x), x1 = std::max(x1, to_x);
      y0 = std::min(y0, to_y), y1 = std::max(y1, to_y);
    }
  auto clip = [](double value, int limit) {
    return static_cast<float>(std::clamp<double>(value, 0, limit));
  };
  return {clip(x0, g.width), clip(y0, g.height), clip(x1, g.width), clip(y1, g.height)};
}

// The rows and columns of a mask that are not empty, in whole pixels; no area when there are none.
Box extent(const Image& mask) {
  int left = mask.width, right = 0, top = mask.height, bottom = 0;
  auto set = [](uint8_t value) { return value != 0; };
  for (int y = 0; y < mask.height; ++y) {
    const uint8_t *begin = mask.row(y), *end = begin + mask.width;
    const int first = static_cast<int>(std::find_if(begin, end, set) - begin);
    if (first == mask.width) continue;
    left = std::min(left, first);
    while (end[-1] == 0) --end;
    right = std::max(right, static_cast<int>(end - begin));
    top = std::min(top, y), bottom = y + 1;
  }
  if (left >= right) return {};
  return {float(left), float(top), float(right), float(bottom)};
}

// As the image, thresholded; empty when nothing is left. Only the part of the frame where the object
// can be is computed: with twenty objects, twenty whole pictures would be most of the work.
Image warp_mask(const Image& mask, const Geometry& g) {
  if (mask.channels != 1)
    fail(Kind::data, "an instance mask has {} channels, not 1", mask.channels);
  const Affine& m = g.from_output;
  Box part = extent(mask);
  if (part.area() == 0) return {};
  const float reach_x = float(2 + std::abs(m[0]) + std::abs(m[1]));
  const float reach_y = float(2 + std::abs(m[3]) + std::abs(m[4]));
  part = warp_box({part.x0 - reach_x, part.y0 - reach_y, part.x1 + reach_x, part.y1 + reach_y}, g);
  const int left = int(part.x0), right = int(std::ceil(part.x1));
  const int top = int(part.y0), bottom = int(std::ceil(part.y1));
  if (left >= right || top >= bottom) return {};
  const Affine shifted{m[0], m[1], m[0] * left + m[1] * top + m[2],
                       m[3], m[4], m[3] * left + m[4] * top + m[5]};
  const Image found = warp_smooth(mask, make_geometry(shifted, right - left, bottom - top), 0);
  Image moved(g.width, g.height, 1);
  bool any = false;
  for (int y = 0; y < found.height; ++y) {
    const uint8_t* from = found.row(y);
    uint8_t* to = moved.row(top + y) + left;
    for (int x = 0; x < found.width; ++x) {
      to[x] = from[x] >= 128 ? 255 : 0;
      any |= from[x] >= 128;
    }
  }
  return any ? moved : Image{};
}

// A copy, moved; nothing when it left the frame.
std::optional<Instance> warp_instance(const Instance& instance, const Geometry& g) {
  const Box box = warp_box(instance.box, g);
  if (!(box.width() > kEmptySide && box.height() > kEmptySide)) return std::nullopt;
  Instance moved{box, instance.label, instance.score, {}, instance.track};
  if (!instance.mask.empty()) {
    moved.mask = warp_mask(instance.mask, g);
    if (moved.mask.empty()) return std::nullopt;
  }
  return moved;
}

// Where the axis is reversed, the included edge 0 lands on the excluded edge `limit`: it goes just
// inside.
float settle(double value, int limit, bool reversed) {
  const float settled = static_cast<float>(value), edge = static_cast<float>(limit);
  return reversed && settled == edge ? std::nextafter(edge, 0.0f) : settled;
}

std::vector<Point> warp_points(const std::vector<Point>& points, const Geometry& g) {
  const Affine& m = g.to_output;
  std::vector<Point> moved;
  for (const Point& p : points) {
    const float x = settle(m[0] * p.x + m[1] * p.y + m[2], g.width, m[0] + m[1] < 0);
    const float y = settle(m[3] * p.x + m[4] * p.y + m[5], g.height, m[3] + m[4] < 0);
    const bool visible =
        x >= 0 && y >= 0 && x < static_cast<float>(g.width) && y < static_cast<float>(g.height);
    if (visible) moved.push_back({x, y, p.label});
  }
  return moved;
}

}  // namespace

Sample warp(const Sample& sample, const Affine& from_output, int width, int height, uint8_t fill) {
  const Geometry g = make_geometry(from_output, width, height);
  const Annotation& truth = sample.truth;
  Sample out;
  out.id = sample.id;
  if (!sample.image.empty()) out.image = warp_smooth(sample.image, g, fill);
  out.truth.width = width;
  out.truth.height = height;
  out.truth.labels = truth.labels;
  for (const Instance& instance : truth.instances)
    if (std::optional<Instance> moved = warp_instance(instance, g))
      out.truth.instances.push_back(std::move(*moved));
  if (!truth.semantic.empty()) out.truth.semantic = warp_classes(truth.semantic, g);
  if (!truth.alpha.empty()) out.truth.alpha = warp_smooth(truth.alpha, g, 0);
  out.truth.points = warp_points(truth.points, g);
  return out;
}

}  // namespace espalier
