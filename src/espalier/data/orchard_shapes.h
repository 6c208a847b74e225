// Outlines of what grows, as polygons in picture shares; drawn by orchard_draw.h and used to bound
// each layer.
//
//   LeafBlade blade(species.leaf, item);
//   std::vector<Vec> outline = blade.outline();
#pragma once

#include <vector>

#include "espalier/data/orchard_scene.h"

namespace espalier {

// The blade of a leaf: a midrib that bends, and a half width along it.
class LeafBlade {
 public:
  LeafBlade(const LeafShape& shape, const Item& pose);

  // Share `along` of the midrib (0 foot, 1 tip), share `across` of the half width (-1 .. 1).
  Vec at(double along, double across) const;
  // A point of the midrib moved sideways by an absolute distance.
  Vec beside(double along, double distance) const;
  double half_width(double along) const;
  double length() const { return length_; }
  // Direction of the midrib at its middle.
  double angle() const;

  std::vector<Vec> outline() const;
  std::vector<Vec> half_outline() const;  // the side across > 0, closed along the midrib

 private:
  const LeafShape& shape_;
  Vec foot_, along_, across_;
  double length_, bend_, power_;
};

std::vector<Vec> fruit_outline(const FruitShape& shape, const Item& pose);
std::vector<Vec> stroke_outline(const Stroke& stroke, double share = 1);  // share of the thickness

// The closed polygons of a mark, to be filled by the even-odd rule.
std::vector<std::vector<Vec>> mark_outlines(const Mark& mark, Vec centre, double angle);

}  // namespace espalier
