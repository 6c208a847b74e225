#include "espalier/data/contact_sheet.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "espalier/core/error.h"
#include "espalier/core/names.h"
#include "espalier/data/transform.h"

namespace espalier {
namespace {

using Colour = std::array<uint8_t, 3>;
constexpr Colour kPaper{250, 249, 246}, kDot{255, 255, 255}, kRing{30, 30, 30};

// Apart from each other and from leaves, fruit and sky.
Colour colour_of(size_t k) {
  static constexpr std::array<Colour, 10> colours{{{66, 133, 244},
                                                   {255, 176, 0},
                                                   {220, 38, 127},
                                                   {100, 220, 255},
                                                   {254, 97, 0},
                                                   {120, 94, 240},
                                                   {0, 200, 150},
                                                   {255, 230, 90},
                                                   {255, 130, 190},
                                                   {160, 255, 120}}};
  return colours[k % colours.size()];
}

void blend(Image& image, int x, int y, Colour colour, double opacity) {
  if (x < 0 || y < 0 || x >= image.width || y >= image.height) return;
  for (int c = 0; c < 3; ++c) {
    uint8_t& value = image.at(x, y, c);
    value = static_cast<uint8_t>(
        std::lround(value + (colour[static_cast<size_t>(c)] - value) * opacity));
  }
}

Image enlarged(const Image& image, int zoom) {
  Image out(image.width * zoom, image.height * zoom, 3);
  for (int y = 0; y < out.height; ++y)
    for (int x = 0; x < out.width; ++x)
      for (int c = 0; c < 3; ++c)
        out.at(x, y, c) = image.at(x / zoom, y / zoom, image.channels < 3 ? 0 : c);
  return out;
}

// Tints what is set and draws its rim, one pixel of the magnified picture wide.
void draw_mask(Image& image, const Image& mask, int zoom, Colour colour, double tint) {
  const auto set = [&](int x, int y) {
    return x >= 0 && y >= 0 && x < image.width && y < image.height &&
           mask.at(x / zoom, y / zoom) != 0;
  };
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x) {
      if (!set(x, y)) continue;
      const bool rim = !set(x - 1, y) || !set(x + 1, y) || !set(x, y - 1) || !set(x, y + 1);
      blend(image, x, y, colour, rim ? 0.95 : tint);
    }
}

void draw_box(Image& image, const Box& box, int zoom, Colour colour) {
  const int x0 = static_cast<int>(box.x0 * static_cast<float>(zoom)),
            x1 = static_cast<int>(box.x1 * static_cast<float>(zoom)) - 1;
  const int y0 = static_cast<int>(box.y0 * static_cast<float>(zoom)),
            y1 = static_cast<int>(box.y1 * static_cast<float>(zoom)) - 1;
  for (int x = x0; x <= x1; ++x)
    for (int y : {y0, y1}) blend(image, x, y, colour, 0.9);
  for (int y = y0 + 1; y < y1; ++y)
    for (int x : {x0, x1}) blend(image, x, y, colour, 0.9);
}

void draw_dot(Image& image, double x, double y) {
  for (int v = static_cast<int>(y) - 4; v <= static_cast<int>(y) + 4; ++v)
    for (int u = static_cast<int>(x) - 4; u <= static_cast<int>(x) + 4; ++u) {
      const double far = std::hypot(u + 0.5 - x, v + 0.5 - y);
      if (far < 3.2) blend(image, u, v, far < 2 ? kDot : kRing, 1);
    }
}

void draw_semantic(Image& image, const Image& semantic, int zoom) {
  static constexpr std::array<Colour, 4> first{
      {{236, 239, 241}, {121, 85, 72}, {76, 160, 80}, {239, 108, 60}}};
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x) {
      const uint8_t id = semantic.at(x / zoom, y / zoom);
      const Colour colour = id < first.size()           ? first[id]
                            : id == Annotation::kIgnore ? kRing
                                                        : colour_of(id);
      blend(image, x, y, colour, 0.85);
    }
}

void draw_alpha(Image& image, const Image& alpha, int zoom) {
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x) {
      const uint8_t shade = (x / 8 + y / 8) % 2 ? 255 : 205;
      blend(image, x, y, {shade, shade, shade}, 1 - alpha.at(x / zoom, y / zoom) / 255.0);
    }
}

bool fits(const Image& mask, const Image& image) {
  return mask.width == image.width && mask.height == image.height;
}

const std::vector<std::string>& views() {
  static const std::vector<std::string> names{"picture", "boxes", "instances", "semantic", "alpha"};
  return names;
}

void check_view(const std::string& view) {
  if (std::find(views().begin(), views().end(), view) == views().end())
    throw Error(Kind::usage, unknown_name("view", view, views()));
}

// The view in a square cell: small pictures by a whole factor, large ones shrunk.
void place(
    Image& sheet, const Sample& sample, const std::string& view, int left, int top, int cell) {
  const int side = std::max(sample.image.width, sample.image.height);
  if (side == 0) return;
  Image drawn = draw_view(sample, view, std::max(1, cell / side));
  if (const int large = std::max(drawn.width, drawn.height); large > cell)
    drawn = resize(drawn, std::max(1, drawn.width * cell / large),
                   std::max(1, drawn.height * cell / large));
  left += (cell - drawn.width) / 2, top += (cell - drawn.height) / 2;
  for (int y = 0; y < drawn.height; ++y)
    std::copy_n(drawn.row(y), 3 * drawn.width, sheet.row(top + y) + 3 * left);
}

}  // namespace

Fields fields(ContactSheetConfig& c) {
  return {field("columns", c.columns, "samples side by side").between(1, 64),
          field("rows", c.rows, "rows of samples").between(1, 256),
          field("cell", c.cell, "side of a cell, pixels").between(16, 1024),
          field("first", c.first, "number of the first sample").between(0, 1e12),
          field("views", c.views, "of each sample: picture, boxes, instances, semantic, alpha")
              .one_of(views())};
}

Image draw_view(const Sample& sample, const std::string& view, int zoom) {
  check_view(view);
  const Annotation& truth = sample.truth;
  Image image = enlarged(sample.image, zoom);
  if (view == "semantic" && fits(truth.semantic, sample.image))
    draw_semantic(image, truth.semantic, zoom);
  if (view == "alpha" && fits(truth.alpha, sample.image)) draw_alpha(image, truth.alpha, zoom);
  if (view != "instances" && view != "boxes") return image;
  for (size_t k = 0; k < truth.instances.size(); ++k) {
    const Instance& object = truth.instances[k];
    const int64_t which = view == "boxes"     ? object.label
                          : object.track >= 0 ? object.track  // one colour through a video
                                              : static_cast<int64_t>(k);
    const Colour colour = colour_of(static_cast<size_t>(which));
    if (view == "instances" && fits(object.mask, sample.image))
      draw_mask(image, object.mask, zoom, colour, 0.40);
    draw_box(image, object.box, zoom, colour);
  }
  for (const Point& p : truth.points)
    draw_dot(image, static_cast<double>(p.x) * zoom, static_cast<double>(p.y) * zoom);
  return image;
}

Image contact_sheet(const Dataset& data, const ContactSheetConfig& config) {
  ContactSheetConfig copy = config;
  const Fields known = fields(copy);
  for (const Field& f : known) set_field(known, f.name, field_text(f));
  constexpr int kGap = 3, kMargin = 8;
  const int cell = static_cast<int>(config.cell), sides = static_cast<int>(config.views.size());
  const int wide = sides * (cell + kGap) + kMargin, tall = cell + kMargin;
  const int64_t left = std::max<int64_t>(0, data.size() - config.first);
  const int64_t rows =
      std::clamp<int64_t>((left + config.columns - 1) / config.columns, 1, config.rows);
  Image sheet(static_cast<int>(config.columns) * wide + kMargin,
              static_cast<int>(rows) * tall + kMargin, 3);
  for (int y = 0; y < sheet.height; ++y)
    for (int x = 0; x < sheet.width; ++x) std::copy(kPaper.begin(), kPaper.end(), &sheet.at(x, y));
  for (int64_t k = 0; k < std::min(left, rows * config.columns); ++k) {
    try {
      const Sample sample = data.read(config.first + k);
      for (int v = 0; v < sides; ++v)
        place(sheet, sample, config.views[static_cast<size_t>(v)],
              kMargin + static_cast<int>(k % config.columns) * wide + v * (cell + kGap),
              kMargin + static_cast<int>(k / config.columns) * tall, cell);
    } catch (const Error& error) {
      if (error.kind() == Kind::usage || error.kind() == Kind::internal) throw;
    }
  }
  return sheet;
}

}  // namespace espalier
