#include "espalier/data/orchard_shapes.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace espalier {
namespace {

constexpr double kPi = std::numbers::pi;

double bump(double x, double width) {
  return std::exp(-(x / width) * (x / width));
}

}  // namespace

LeafBlade::LeafBlade(const LeafShape& shape, const Item& pose)
    : shape_(shape),
      foot_(pose.at),
      along_(direction(pose.angle)),
      across_(direction(pose.angle + kPi / 2)),
      length_(shape.length * pose.scale),
      bend_(pose.bend),
      power_(std::log(0.5) / std::log(shape.belly)) {}

double LeafBlade::half_width(double along) const {
  const double t = std::clamp(along, 0.0, 1.0);
  double width = std::pow(std::max(0.0, std::sin(kPi * std::pow(t, power_))), shape_.fullness);
  // Bays of a lobed leaf lie between its lobes at 0.24, 0.56 and 1 of the midrib.
  if (shape_.lobes > 0)
    width *= 1 - shape_.lobes * (bump(t - 0.40, 0.07) + 0.85 * bump(t - 0.70, 0.07) +
                                 0.4 * bump(t - 0.06, 0.06));
  return 0.5 * shape_.aspect * length_ * width;
}

Vec LeafBlade::beside(double along, double distance) const {
  const double sag = bend_ * length_ * 4 * along * (1 - along);
  return foot_ + along_ * (along * length_) + across_ * (distance + sag);
}

Vec LeafBlade::at(double along, double across) const {
  return beside(along, across * half_width(along));
}

double LeafBlade::angle() const {
  return std::atan2(along_.y, along_.x);
}

std::vector<Vec> LeafBlade::half_outline() const {
  std::vector<Vec> edge;
  const int steps = shape_.teeth > 0 ? 2 * shape_.teeth : shape_.lobes > 0 ? 36 : 18;
  for (int k = 0; k <= steps; ++k) {
    const double t = static_cast<double>(k) / steps;
    const double tooth = shape_.teeth > 0 && k % 2 == 1 ? 1.07 : 1.0;  // tips point forward
    edge.push_back(at(t + (tooth > 1 ? 0.3 / steps : 0), tooth));
  }
  for (int k = 7; k >= 1; --k) edge.push_back(at(k / 8.0, 0));
  return edge;
}

std::vector<Vec> LeafBlade::outline() const {
  std::vector<Vec> edge;
  const int steps = shape_.teeth > 0 ? 2 * shape_.teeth : shape_.lobes > 0 ? 36 : 18;
  for (int side : {1, -1})
    for (int j = 0; j < steps; ++j) {
      const int k = side > 0 ? j : steps - j;
      const double t = static_cast<double>(k) / steps;
      const double tooth = shape_.teeth > 0 && k % 2 == 1 ? 1.07 : 1.0;
      edge.push_back(at(t + (tooth > 1 ? 0.3 / steps : 0), side * tooth));
    }
  return edge;
}

std::vector<Vec> fruit_outline(const FruitShape& shape, const Item& pose) {
  const double radius = shape.radius * pose.scale;
  const Vec right = direction(pose.angle), down = direction(pose.angle + kPi / 2);
  std::vector<Vec> edge;
  constexpr int kSteps = 44;
  for (int k = 0; k < kSteps; ++k) {
    const double turn = 2 * kPi * k / kSteps;  // 0 at the stalk
    const double up = std::cos(turn), high = std::max(0.0, up);
    const double size = radius * (1 - shape.dent * bump(std::remainder(turn, 2 * kPi), 0.42) +
                                  shape.point * std::pow(std::abs(up), 12));
    const double waist = 1 - shape.neck * high * high * (3 - 2 * high) * 0.95 * (1 - 0.35 * high);
    const double x = size * shape.aspect * std::sin(turn) * waist;
    const double y = -size * up * (1 + 0.55 * shape.neck * high);
    edge.push_back(pose.at + right * x + down * y);
  }
  return edge;
}

std::vector<Vec> stroke_outline(const Stroke& stroke, double share) {
  constexpr int kSteps = 12;
  std::vector<Vec> edge(2 * (kSteps + 1));
  for (int k = 0; k <= kSteps; ++k) {
    const double t = static_cast<double>(k) / kSteps;
    const Vec here = stroke.at(t), along = stroke.tangent(t);
    const double half =
        0.5 * share * (stroke.thick_from + (stroke.thick_to - stroke.thick_from) * t);
    edge[static_cast<size_t>(k)] = here + Vec{-along.y * half, along.x * half};
    edge[static_cast<size_t>(2 * kSteps + 1 - k)] = here - Vec{-along.y * half, along.x * half};
  }
  return edge;
}

namespace {

// Polygons in a square of side 1 around the origin.
using Polygon = std::vector<Vec>;

Polygon circle(Vec centre, double radius) {
  Polygon p;
  for (int k = 0; k < 24; ++k) p.push_back(centre + direction(2 * kPi * k / 24) * radius);
  return p;
}

Polygon rectangle(double x0, double y0, double x1, double y1) {
  return {{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}};
}

Polygon crescent() {
  Polygon p;
  for (int k = 0; k <= 18; ++k) p.push_back(direction(0.9 + (2 * kPi - 1.8) * k / 18) * 0.48);
  const Vec start = p.back(), centre{0.30, 0};
  const double radius = length(start - centre), from = std::atan2(start.y, start.x - centre.x);
  for (int k = 1; k < 12; ++k)
    p.push_back(centre + direction(from - (2 * kPi + 2 * from) * k / 12) * radius);
  return p;
}

std::vector<Polygon> unit_mark(MarkShape shape) {
  switch (shape) {
    case MarkShape::disc:
      return {circle({0, 0}, 0.40)};
    case MarkShape::ring:
      return {circle({0, 0}, 0.49), circle({0, 0}, 0.28)};
    case MarkShape::bar:
      return {rectangle(-0.52, -0.15, 0.52, 0.15)};
    case MarkShape::cross:
      return {{{-0.5, -0.12},
               {-0.12, -0.12},
               {-0.12, -0.5},
               {0.12, -0.5},
               {0.12, -0.12},
               {0.5, -0.12},
               {0.5, 0.12},
               {0.12, 0.12},
               {0.12, 0.5},
               {-0.12, 0.5},
               {-0.12, 0.12},
               {-0.5, 0.12}}};
    case MarkShape::chevron:
      return {{{-0.48, 0.42}, {0, -0.46}, {0.48, 0.42}, {0.20, 0.42}, {0, 0.06}, {-0.20, 0.42}}};
    case MarkShape::equals:
      return {rectangle(-0.46, -0.42, 0.46, -0.16), rectangle(-0.46, 0.16, 0.46, 0.42)};
    case MarkShape::dots:
      return {circle({-0.29, 0}, 0.20), circle({0.29, 0}, 0.20)};
    case MarkShape::trefoil:
      return {circle({0, -0.32}, 0.19), circle({-0.28, 0.18}, 0.19), circle({0.28, 0.18}, 0.19)};
    case MarkShape::triangle:
      return {{{0, -0.48}, {0.46, 0.36}, {-0.46, 0.36}}};
    case MarkShape::crescent:
      return {crescent()};
    case MarkShape::square:
      return {rectangle(-0.40, -0.40, 0.40, 0.40), rectangle(-0.20, -0.20, 0.20, 0.20)};
    case MarkShape::tee:
      return {{{-0.46, -0.44},
               {0.46, -0.44},
               {0.46, -0.18},
               {0.13, -0.18},
               {0.13, 0.48},
               {-0.13, 0.48},
               {-0.13, -0.18},
               {-0.46, -0.18}}};
  }
  return {};
}

}  // namespace

std::vector<std::vector<Vec>> mark_outlines(const Mark& mark, Vec centre, double angle) {
  std::vector<Polygon> polygons = unit_mark(mark.shape);
  const Vec u = direction(angle + mark.turn), v = direction(angle + mark.turn + kPi / 2);
  for (Polygon& polygon : polygons)
    for (Vec& point : polygon) point = centre + (u * point.x + v * point.y) * mark.side;
  return polygons;
}

}  // namespace espalier
