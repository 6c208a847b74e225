#include "espalier/data/orchard_render.h"

#include <algorithm>
#include <cmath>

#include "espalier/data/orchard_draw.h"

namespace espalier {
namespace {

constexpr int16_t kNobody = -1, kWood = 0;  // owners; item k is k + 1

// All marks seen so far: where they have a part in the picture.
struct MarkTrace {
  size_t item;
  Bounds area;
  Image seen;
};

class Canvas {
 public:
  explicit Canvas(const Scene& scene, int side)
      : scene_(scene),
        side_(side),
        layer_(side),
        picture_(side, side, 3),
        clear_(pixels(), 1.0f),
        share_(pixels(), 0.0f),
        owner_(pixels(), kNobody) {}

  void paint();
  Sample develop(double noise) const;

 private:
  size_t pixels() const { return static_cast<size_t>(side_) * static_cast<size_t>(side_); }
  void take_backdrop();
  void paint_item(size_t k);
  std::vector<int> blurred(const Bounds& area, int reach);
  void cast_shadow(const Bounds& area);
  void put_over(const Bounds& area, int16_t owner);
  void put_mark(const Bounds& area, const std::vector<uint8_t>& leaf, size_t item);
  std::vector<uint8_t> coverage(const Bounds& area);
  void hide_marks(int x, int y);

  const Scene& scene_;
  int side_;
  Layer layer_;
  Image picture_;
  std::vector<float> clear_;    // share of the background that is still seen
  std::vector<float> share_;    // largest visible share of any one thing
  std::vector<int16_t> owner_;  // and whose it is
  std::vector<MarkTrace> marks_;
};

uint8_t channel(uint32_t argb, int c) {
  return static_cast<uint8_t>(argb >> (16 - 8 * c));
}
uint8_t opacity(uint32_t argb) {
  return static_cast<uint8_t>(argb >> 24);
}

void Canvas::take_backdrop() {
  draw_backdrop(layer_, scene_);
  for (int y = 0; y < side_; ++y) {
    const uint32_t* from = layer_.row(y);
    uint8_t* to = picture_.row(y);
    for (int x = 0; x < side_; ++x)
      for (int c = 0; c < 3; ++c) to[3 * x + c] = channel(from[x], c);
  }
}

// The layer's coverage over `area` widened by `reach` on each side, summed over squares of 2 reach
// + 1 pixels.
std::vector<int> Canvas::blurred(const Bounds& area, int reach) {
  const int width = area.x1 - area.x0 + 2 * reach, height = area.y1 - area.y0 + 2 * reach;
  const auto cell = [&](int x, int y) {
    return static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x);
  };
  std::vector<int> rows(cell(0, height), 0), sums(rows.size(), 0);
  for (int y = area.y0; y < area.y1; ++y) {
    const uint32_t* from = layer_.row(y);
    int sum = 0;
    for (int x = 0; x < width; ++x) {
      const int enter = area.x0 + x, leave = enter - 2 * reach - 1;
      if (enter < area.x1) sum += opacity(from[enter]);
      if (leave >= area.x0) sum -= opacity(from[leave]);
      rows[cell(x, y - area.y0 + reach)] = sum;
    }
  }
  std::vector<int> column(static_cast<size_t>(width), 0);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      int& sum = column[static_cast<size_t>(x)];
      if (y + reach < height) sum += rows[cell(x, y + reach)];
      if (y - reach > 0) sum -= rows[cell(x, y - reach - 1)];
      sums[cell(x, y)] = sum;
    }
  return sums;
}

// A soft shadow of what the layer holds falls on what lies behind it, away from the light.
void Canvas::cast_shadow(const Bounds& area) {
  const int reach = std::max(1, side_ / 64), width = area.x1 - area.x0 + 2 * reach;
  const int full = (2 * reach + 1) * (2 * reach + 1) * 255;
  const Vec move = direction(scene_.light) * (-0.016 * side_);
  const int left = area.x0 - reach + static_cast<int>(std::lround(move.x)),
            top = area.y0 - reach + static_cast<int>(std::lround(move.y));
  const std::vector<int> sums = blurred(area, reach);
  for (size_t k = 0; k < sums.size(); ++k) {
    const int x = left + static_cast<int>(k) % width, y = top + static_cast<int>(k) / width;
    if (sums[k] == 0 || x < 0 || x >= side_ || y < 0 || y >= side_) continue;
    const int keep = 256 - 80 * sums[k] / full;
    uint8_t* pixel = picture_.row(y) + 3 * x;
    for (int c = 0; c < 3; ++c) pixel[c] = static_cast<uint8_t>(pixel[c] * keep >> 8);
  }
}

void Canvas::hide_marks(int x, int y) {
  for (MarkTrace& mark : marks_)
    if (x >= mark.area.x0 && x < mark.area.x1 && y >= mark.area.y0 && y < mark.area.y1)
      mark.seen.at(x, y) = 0;
}

void Canvas::put_over(const Bounds& area, int16_t owner) {
  for (int y = area.y0; y < area.y1; ++y) {
    const uint32_t* from = layer_.row(y);
    uint8_t* to = picture_.row(y);
    for (int x = area.x0; x < area.x1; ++x) {
      const uint8_t cover = opacity(from[x]);
      if (cover == 0) continue;
      for (int c = 0; c < 3; ++c)
        to[3 * x + c] =
            static_cast<uint8_t>(channel(from[x], c) + (to[3 * x + c] * (255 - cover) + 127) / 255);
      const size_t at =
          static_cast<size_t>(y) * static_cast<size_t>(side_) + static_cast<size_t>(x);
      const float part = static_cast<float>(cover) / 255.0f;
      clear_[at] *= 1 - part;
      share_[at] *= 1 - part;
      if (part > share_[at]) {
        share_[at] = part;
        owner_[at] = owner;
      }
      if (cover == 255) hide_marks(x, y);
    }
  }
}

std::vector<uint8_t> Canvas::coverage(const Bounds& area) {
  std::vector<uint8_t> cover;
  for (int y = area.y0; y < area.y1; ++y) {
    const uint32_t* from = layer_.row(y);
    for (int x = area.x0; x < area.x1; ++x) cover.push_back(opacity(from[x]));
  }
  return cover;
}

// Paints a mark onto the leaf that was put over last; coverage stays the leaf's.
void Canvas::put_mark(const Bounds& leaf_area, const std::vector<uint8_t>& leaf, size_t item) {
  const Bounds mark_area = draw_mark(layer_, scene_.plant->leaf, scene_.items[item]);
  const Bounds area{std::max(mark_area.x0, leaf_area.x0), std::max(mark_area.y0, leaf_area.y0),
                    std::min(mark_area.x1, leaf_area.x1), std::min(mark_area.y1, leaf_area.y1)};
  if (area.empty()) return;
  MarkTrace trace{item, area, Image(side_, side_, 1)};
  for (int y = area.y0; y < area.y1; ++y) {
    const uint32_t* from = layer_.row(y);
    uint8_t* to = picture_.row(y);
    for (int x = area.x0; x < area.x1; ++x) {
      const int on = leaf[static_cast<size_t>((y - leaf_area.y0) * (leaf_area.x1 - leaf_area.x0) +
                                              x - leaf_area.x0)];
      const int cover = opacity(from[x]) * on / 255;
      if (cover == 0) continue;
      for (int c = 0; c < 3; ++c)
        to[3 * x + c] = static_cast<uint8_t>(channel(from[x], c) * on / 255 +
                                             (to[3 * x + c] * (255 - cover) + 127) / 255);
      trace.seen.at(x, y) = 255;
    }
  }
  marks_.push_back(std::move(trace));
}

void Canvas::paint_item(size_t k) {
  const Item& item = scene_.items[k];
  const bool leaf = item.kind == Item::Kind::leaf;
  const Bounds area = leaf ? draw_leaf(layer_, scene_.plant->leaf, item, scene_.light)
                           : draw_fruit(layer_, scene_.plant->fruit, item, scene_.light);
  if (area.empty()) return;
  cast_shadow(area);
  put_over(area, static_cast<int16_t>(k + 1));
  if (item.mark) put_mark(area, coverage(area), k);
}

void Canvas::paint() {
  take_backdrop();
  for (size_t k = 0; k < scene_.items.size(); ++k)
    if (scene_.items[k].behind) paint_item(k);
  if (const Bounds area = draw_wood(layer_, scene_); !area.empty()) {
    cast_shadow(area);
    put_over(area, kWood);
  }
  for (size_t k = 0; k < scene_.items.size(); ++k)
    if (!scene_.items[k].behind) paint_item(k);
}

// Normal quantiles at (k + 0.5) / 1024, so that sensor noise costs a table look-up.
const std::vector<float>& normal_quantiles() {
  static const std::vector<float> table = [] {
    std::vector<float> values(1024);
    for (size_t k = 0; k < values.size(); ++k) {
      const double wanted = (static_cast<double>(k) + 0.5) / 1024;
      double low = -5, high = 5;
      for (int step = 0; step < 50; ++step) {
        const double middle = (low + high) / 2;
        (0.5 * std::erfc(-middle / std::sqrt(2.0)) < wanted ? low : high) = middle;
      }
      values[k] = static_cast<float>(low);
    }
    return values;
  }();
  return table;
}

// Exposure, a slight vignette and sensor noise.
void expose(Image& picture, double gain, double noise, Random random) {
  const std::vector<float>& quantiles = normal_quantiles();
  const float scale = static_cast<float>(255 * noise);
  const double half = picture.width / 2.0;
  uint64_t bits = 0;
  int left = 0;
  for (int y = 0; y < picture.height; ++y) {
    uint8_t* row = picture.row(y);
    for (int x = 0; x < picture.width; ++x) {
      const double u = (x + 0.5) / half - 1, v = (y + 0.5) / half - 1;
      const float bright = static_cast<float>(gain * (1 - 0.07 * (u * u + v * v)));
      for (int c = 0; c < 3; ++c) {
        float value = static_cast<float>(row[3 * x + c]) * bright;
        if (scale > 0) {
          if (left == 0) bits = random.bits(), left = 6;
          value += scale * quantiles[bits & 1023];
          bits >>= 10, --left;
        }
        row[3 * x + c] = static_cast<uint8_t>(std::clamp(value + 0.5f, 0.0f, 255.0f));
      }
    }
  }
}

// The smallest box around the pixels of a mask that are set; empty when there are none.
Bounds hull(const Image& mask) {
  Bounds box{mask.width, mask.height, 0, 0};
  for (int y = 0; y < mask.height; ++y)
    for (int x = 0; x < mask.width; ++x)
      if (mask.at(x, y)) {
        box = {std::min(box.x0, x), std::min(box.y0, y), std::max(box.x1, x + 1),
               std::max(box.y1, y + 1)};
      }
  return box;
}

Box to_box(const Bounds& b) {
  return {static_cast<float>(b.x0), static_cast<float>(b.y0), static_cast<float>(b.x1),
          static_cast<float>(b.y1)};
}

Sample Canvas::develop(double noise) const {
  Sample sample;
  sample.image = picture_;
  expose(sample.image, scene_.gain, noise, scene_.sensor);
  Annotation& truth = sample.truth;
  truth.width = truth.height = side_;
  truth.labels = {{.id = scene_.label}};
  truth.semantic = Image(side_, side_, 1, kBackground);
  truth.alpha = Image(side_, side_, 1);
  std::vector<Image> masks(scene_.items.size());
  for (Image& mask : masks) mask = Image(side_, side_, 1);
  for (size_t at = 0; at < pixels(); ++at) {
    truth.alpha.pixels[at] = static_cast<uint8_t>(std::lround(255 * (1 - clear_[at])));
    if (truth.alpha.pixels[at] < 128) continue;
    if (owner_[at] == kWood) {
      truth.semantic.pixels[at] = kBranch;
      continue;
    }
    const size_t k = static_cast<size_t>(owner_[at] - 1);
    truth.semantic.pixels[at] = scene_.items[k].kind == Item::Kind::leaf ? kLeaf : kFruit;
    masks[k].pixels[at] = 255;
  }
  for (size_t k = 0; k < masks.size(); ++k) {
    const Item& item = scene_.items[k];
    const Bounds box = hull(masks[k]);
    if (box.empty()) continue;
    const bool fruit = item.kind == Item::Kind::fruit;
    truth.instances.push_back({.box = to_box(box),
                               .label = fruit ? kFruitInstance : kLeafInstance,
                               .mask = std::move(masks[k]),
                               .track = item.track});
    if (!fruit) continue;
    const Box& b = truth.instances.back().box;
    truth.points.push_back({.x = std::clamp(static_cast<float>(item.at.x * side_), b.x0, b.x1),
                            .y = std::clamp(static_cast<float>(item.at.y * side_), b.y0, b.y1),
                            .label = kFruitInstance});
  }
  for (const MarkTrace& mark : marks_) {
    const Bounds box = hull(mark.seen);
    if (box.empty()) continue;
    const int64_t leaf = scene_.items[mark.item].track;
    truth.instances.push_back({.box = to_box(box),
                               .label = kMarkInstance,
                               .mask = mark.seen,
                               .track = leaf < 0 ? -1 : leaf + kMarkTracks});
  }
  return sample;
}

}  // namespace

Sample render_scene(const Scene& scene, int side, double noise) {
  Canvas canvas(scene, side);
  canvas.paint();
  return canvas.develop(noise);
}

}  // namespace espalier
