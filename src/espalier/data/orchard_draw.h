// Painting the things of an orchard, each on a clear layer of its own, so that the layer's alpha is
// the exact anti-aliased coverage of that thing alone. A thin door to Cairo.
//
//   Layer layer(96);
//   Bounds area = draw_leaf(layer, species.leaf, item, scene.light);
//   const uint32_t* argb = layer.row(area.y0);     // premultiplied, clear outside the area
#pragma once

#include <cstdint>
#include <vector>

#include "espalier/data/orchard_scene.h"

typedef struct _cairo cairo_t;
typedef struct _cairo_surface cairo_surface_t;

namespace espalier {

// Whole pixels, half open.
struct Bounds {
  int x0 = 0, y0 = 0, x1 = 0, y1 = 0;
  bool empty() const { return x0 >= x1 || y0 >= y1; }
};

class Layer {
 public:
  explicit Layer(int size);
  ~Layer();
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;

  int size() const { return size_; }
  // Clears what the last thing painted and confines painting to where these points (picture shares)
  // are.
  Bounds begin(const std::vector<Vec>& points);
  Bounds begin();                          // the whole layer
  cairo_t* context() { return context_; }  // in picture shares
  const uint32_t* row(int y);              // finishes painting

 private:
  int size_;
  Bounds used_;
  cairo_surface_t* surface_;
  cairo_t* context_;
};

void draw_backdrop(Layer& layer, const Scene& scene);
Bounds draw_wood(Layer& layer, const Scene& scene);
Bounds draw_leaf(Layer& layer, const LeafShape& shape, const Item& item, double light);
Bounds draw_fruit(Layer& layer, const FruitShape& shape, const Item& item, double light);
// The mark of a leaf alone; the caller confines it to the leaf.
Bounds draw_mark(Layer& layer, const LeafShape& shape, const Item& item);

// Sources and paths shared by the painters.
void set_colour(cairo_t* context, Rgb colour, double opacity = 1);
void add_polygon(cairo_t* context, const std::vector<Vec>& polygon);
struct Stop {
  double at;
  Rgb colour;
  double opacity = 1;
};
void fill_linear(cairo_t* context, Vec from, Vec to, const std::vector<Stop>& stops);
// Fills the current path, or paints everything when there is none.
void fill_radial(
    cairo_t* context, Vec focus, Vec centre, double radius, const std::vector<Stop>& stops);

}  // namespace espalier
