#include "espalier/data/orchard_draw.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <cairo.h>

#include "espalier/core/error.h"
#include "espalier/data/orchard_shapes.h"

namespace espalier {

Layer::Layer(int size)
    : size_(size),
      surface_(cairo_image_surface_create(CAIRO_FORMAT_ARGB32, size, size)),
      context_(cairo_create(surface_)) {
  if (cairo_status(context_) != CAIRO_STATUS_SUCCESS) {
    const char* reason = cairo_status_to_string(cairo_status(context_));
    cairo_destroy(context_);
    cairo_surface_destroy(surface_);
    fail(Kind::unsupported, "drawing surface of {0} x {0} pixels: {1}", size, reason);
  }
  cairo_scale(context_, size, size);
}

Layer::~Layer() {
  cairo_destroy(context_);
  cairo_surface_destroy(surface_);
}

Bounds Layer::begin(const std::vector<Vec>& points) {
  Bounds area;
  Vec low{2, 2}, high{-2, -2};
  for (Vec p : points) {
    low = {std::min(low.x, p.x), std::min(low.y, p.y)};
    high = {std::max(high.x, p.x), std::max(high.y, p.y)};
  }
  const auto pixel = [&](double share, int margin) {
    return std::clamp(static_cast<int>(std::floor(share * size_)) + margin, 0, size_);
  };
  area = {pixel(low.x, -1), pixel(low.y, -1), pixel(high.x, 2), pixel(high.y, 2)};
  cairo_reset_clip(context_);
  cairo_new_path(context_);
  cairo_set_operator(context_, CAIRO_OPERATOR_CLEAR);
  const double unit = 1.0 / size_;
  if (!used_.empty()) {
    cairo_rectangle(context_, used_.x0 * unit, used_.y0 * unit, (used_.x1 - used_.x0) * unit,
                    (used_.y1 - used_.y0) * unit);
    cairo_fill(context_);
  }
  cairo_rectangle(context_, area.x0 * unit, area.y0 * unit, std::max(0, area.x1 - area.x0) * unit,
                  std::max(0, area.y1 - area.y0) * unit);
  cairo_clip(context_);
  cairo_set_operator(context_, CAIRO_OPERATOR_OVER);
  used_ = area;
  return area;
}

Bounds Layer::begin() {
  return begin({{0, 0}, {1, 1}});
}

const uint32_t* Layer::row(int y) {
  cairo_surface_flush(surface_);
  const unsigned char* data = cairo_image_surface_get_data(surface_);
  return reinterpret_cast<const uint32_t*>(data + static_cast<ptrdiff_t>(y) *
                                                      cairo_image_surface_get_stride(surface_));
}

void set_colour(cairo_t* context, Rgb colour, double opacity) {
  cairo_set_source_rgba(context, colour.r, colour.g, colour.b, opacity);
}

void add_polygon(cairo_t* context, const std::vector<Vec>& polygon) {
  cairo_new_sub_path(context);
  for (Vec p : polygon) cairo_line_to(context, p.x, p.y);
  cairo_close_path(context);
}

namespace {

void fill_pattern(cairo_t* context, cairo_pattern_t* pattern, const std::vector<Stop>& stops) {
  for (const Stop& s : stops)
    cairo_pattern_add_color_stop_rgba(pattern, s.at, s.colour.r, s.colour.g, s.colour.b, s.opacity);
  cairo_set_source(context, pattern);
  if (cairo_has_current_point(context))
    cairo_fill(context);
  else
    cairo_paint(context);
  cairo_pattern_destroy(pattern);
}

}  // namespace

void fill_linear(cairo_t* context, Vec from, Vec to, const std::vector<Stop>& stops) {
  fill_pattern(context, cairo_pattern_create_linear(from.x, from.y, to.x, to.y), stops);
}

void fill_radial(
    cairo_t* context, Vec focus, Vec centre, double radius, const std::vector<Stop>& stops) {
  fill_pattern(context,
               cairo_pattern_create_radial(focus.x, focus.y, 0, centre.x, centre.y, radius), stops);
}

Bounds draw_wood(Layer& layer, const Scene& scene) {
  std::vector<std::vector<Vec>> outlines;
  std::vector<Vec> all;
  for (const Stroke& stroke : scene.wood) {
    outlines.push_back(stroke_outline(stroke));
    all.insert(all.end(), outlines.back().begin(), outlines.back().end());
  }
  const Bounds area = layer.begin(all);
  cairo_t* context = layer.context();
  cairo_set_fill_rule(context, CAIRO_FILL_RULE_WINDING);
  // Thin stalks first, so that they grow out from behind the branches.
  for (size_t k = scene.wood.size(); k-- > 0;) {
    const bool thick = scene.wood[k].thick_from > 0.02;
    set_colour(context, thick ? Rgb{0.36, 0.27, 0.21} : Rgb{0.40, 0.40, 0.22});
    add_polygon(context, outlines[k]);
    cairo_fill(context);
    if (!thick) continue;
    // The lit upper side: the same stroke, thinner and moved towards the light.
    Stroke lit = scene.wood[k];
    const Vec move = direction(scene.light) * (0.20 * lit.thick_to);
    for (Vec* p : {&lit.from, &lit.bend1, &lit.bend2, &lit.to}) *p = *p + move;
    cairo_set_operator(context, CAIRO_OPERATOR_ATOP);
    set_colour(context, {0.62, 0.50, 0.39}, 0.65);
    add_polygon(context, stroke_outline(lit, 0.5));
    cairo_fill(context);
    cairo_set_operator(context, CAIRO_OPERATOR_OVER);
  }
  return area;
}

namespace {

void draw_veins(cairo_t* context, const LeafShape& shape, const LeafBlade& blade, Rgb colour) {
  for (int k = 0; k < shape.veins; ++k) {
    const double start = 0.10 + 0.72 * (k + 0.5) / shape.veins;
    for (double side : {1.0, -1.0}) {
      const Vec a = blade.at(start, 0), b = blade.at(start + 0.06, side * 0.45),
                c = blade.at(std::min(0.97, start + 0.17), side * 0.88);
      cairo_move_to(context, a.x, a.y);
      cairo_curve_to(context, (a.x + 2 * b.x) / 3, (a.y + 2 * b.y) / 3, (c.x + 2 * b.x) / 3,
                     (c.y + 2 * b.y) / 3, c.x, c.y);
    }
  }
  set_colour(context, colour, 0.32);
  cairo_set_line_width(context, 0.016 * blade.length());
  cairo_stroke(context);
  std::vector<Vec> midrib;
  for (int k = 0; k <= 6; ++k)
    midrib.push_back(blade.beside(k / 6.4, 0.013 * blade.length() * (1 - k / 7.0)));
  for (int k = 6; k >= 0; --k)
    midrib.push_back(blade.beside(k / 6.4, -0.013 * blade.length() * (1 - k / 7.0)));
  set_colour(context, colour, 0.6);
  add_polygon(context, midrib);
  cairo_fill(context);
}

}  // namespace

Bounds draw_leaf(Layer& layer, const LeafShape& shape, const Item& item, double light) {
  const LeafBlade blade(shape, item);
  const std::vector<Vec> outline = blade.outline();
  const Bounds area = layer.begin(outline);
  if (area.empty()) return area;
  cairo_t* context = layer.context();
  const Rgb base = tinted(shape.base, item.tint), tip = tinted(shape.tip, item.tint);
  add_polygon(context, outline);
  fill_linear(context, blade.at(0, 0), blade.at(1, 0), {{0, base}, {1, tip}});
  cairo_set_operator(context, CAIRO_OPERATOR_ATOP);
  // The half that faces the light is paler, the other one darker.
  const double facing = std::cos(blade.angle() + std::numbers::pi / 2 - light);
  set_colour(context, facing > 0 ? Rgb{1, 1, 0.85} : Rgb{0, 0.05, 0.10},
             0.05 + 0.14 * std::abs(facing));
  add_polygon(context, blade.half_outline());
  cairo_fill(context);
  draw_veins(context, shape, blade, mix(tip, {0.95, 0.97, 0.78}, 0.6));
  cairo_set_operator(context, CAIRO_OPERATOR_OVER);
  return area;
}

Bounds draw_fruit(Layer& layer, const FruitShape& shape, const Item& item, double light) {
  const std::vector<Vec> outline = fruit_outline(shape, item);
  const Bounds area = layer.begin(outline);
  if (area.empty()) return area;
  cairo_t* context = layer.context();
  const double radius = shape.radius * item.scale;
  const Vec sun = direction(light), down = direction(item.angle + std::numbers::pi / 2);
  const Rgb pale = tinted(shape.light, 0.5 * item.tint), deep = tinted(shape.deep, 0.5 * item.tint);
  add_polygon(context, outline);
  fill_radial(context, item.at + sun * (0.42 * radius), item.at + sun * (0.10 * radius),
              1.28 * radius, {{0, mix(pale, {1, 1, 0.9}, 0.12)}, {0.45, pale}, {1, deep}});
  cairo_set_operator(context, CAIRO_OPERATOR_ATOP);
  if (shape.blush_strength > 0) {
    const Vec cheek = item.at + direction(item.angle + 0.6) * (0.55 * radius);
    fill_radial(context, cheek, cheek, 1.05 * radius,
                {{0, shape.blush, shape.blush_strength}, {1, shape.blush, 0}});
  }
  if (shape.groove > 0) {
    const Vec top = item.at - down * radius, bottom = item.at + down * (0.95 * radius);
    const Vec side = direction(item.angle) * (0.62 * radius * shape.aspect);
    cairo_move_to(context, top.x, top.y);
    cairo_curve_to(context, top.x + side.x, top.y + side.y, bottom.x + side.x, bottom.y + side.y,
                   bottom.x, bottom.y);
    set_colour(context, deep, shape.groove);
    cairo_set_line_width(context, 0.09 * radius);
    cairo_stroke(context);
  }
  if (shape.dent > 0) {
    const Vec hollow = item.at - down * (0.88 * radius);
    fill_radial(context, hollow, hollow, 0.42 * radius,
                {{0, mix(deep, {0, 0, 0}, 0.35), 0.8}, {1, deep, 0}});
  }
  const Vec shine = item.at + sun * (0.48 * radius * std::min(1.0, shape.aspect));
  fill_radial(context, shine, shine, 0.34 * radius,
              {{0, {1, 1, 1}, shape.gloss}, {1, {1, 1, 1}, 0}});
  cairo_set_operator(context, CAIRO_OPERATOR_OVER);
  return area;
}

Bounds draw_mark(Layer& layer, const LeafShape& shape, const Item& item) {
  const LeafBlade blade(shape, item);
  const Vec centre = blade.beside(item.mark->along, item.mark->across);
  const std::vector<std::vector<Vec>> polygons = mark_outlines(*item.mark, centre, blade.angle());
  std::vector<Vec> all;
  for (const auto& polygon : polygons) all.insert(all.end(), polygon.begin(), polygon.end());
  const Bounds area = layer.begin(all);
  if (area.empty()) return area;
  cairo_t* context = layer.context();
  cairo_set_fill_rule(context, CAIRO_FILL_RULE_EVEN_ODD);
  for (const auto& polygon : polygons) add_polygon(context, polygon);
  set_colour(context, {0.98, 0.95, 0.80}, item.mark->strength);
  cairo_fill(context);
  cairo_set_fill_rule(context, CAIRO_FILL_RULE_WINDING);
  return area;
}

}  // namespace espalier
