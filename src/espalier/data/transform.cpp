#include "espalier/data/transform.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "espalier/core/error.h"
#include "espalier/data/photo_part.h"

namespace espalier {
namespace {

struct Size {
  int width, height;
};

// A sample without an image (a prediction, say) has the frame its annotation names.
Size size_of(const Sample& s) {
  Size size{s.image.width, s.image.height};
  if (s.image.empty()) size = {s.truth.width, s.truth.height};
  if (size.width < 1 || size.height < 1) fail(Kind::data, "the image is empty");
  return size;
}

Sample cut(const Sample& s, int left, int top, int width, int height, uint8_t fill) {
  return warp(s, {1, 0, double(left), 0, 1, double(top)}, width, height, fill);
}

// The part (left, top, width, height) of the input, filling side x side.
Sample resize_part(const Sample& s, Size part, int left, int top, int width, int height) {
  const double x = double(part.width) / width, y = double(part.height) / height;
  return warp(s, {x, 0, double(left), 0, y, double(top)}, width, height);
}

Sample resize_whole(Sample s, int width, int height) {
  const Size from = size_of(s);
  if (from.width == width && from.height == height) {
    s.truth.width = width, s.truth.height = height;
    return s;
  }
  return resize_part(s, from, 0, 0, width, height);
}

int centred(int whole, int part) {
  return static_cast<int>(std::floor((double(whole) - part) / 2));
}

void check_size(const char* name, int width, int height) {
  if (width < 1 || height < 1)
    fail(Kind::usage, "{} to {} x {}: sizes are at least 1", name, width, height);
}

struct Part {
  Size size;
  int left, top;
};

// torchvision.transforms.RandomResizedCrop.get_params.
Part draw_part(Size from,
               double min_area,
               double max_area,
               double min_aspect,
               double max_aspect,
               Random& random) {
  const double area = double(from.width) * from.height;
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double target = area * random.uniform(min_area, max_area);
    const double aspect = std::exp(random.uniform(std::log(min_aspect), std::log(max_aspect)));
    const double width = std::round(std::sqrt(target * aspect));
    const double height = std::round(std::sqrt(target / aspect));
    if (width < 1 || height < 1 || width > from.width || height > from.height) continue;
    const Size size{static_cast<int>(width), static_cast<int>(height)};
    const int top = static_cast<int>(random.below(from.height - size.height + 1));
    const int left = static_cast<int>(random.below(from.width - size.width + 1));
    return {size, left, top};
  }
  const double aspect = double(from.width) / from.height;
  Size size = from;
  if (aspect < min_aspect) size.height = static_cast<int>(std::round(from.width / min_aspect));
  if (aspect > max_aspect) size.width = static_cast<int>(std::round(from.height * max_aspect));
  size = {std::clamp(size.width, 1, from.width), std::clamp(size.height, 1, from.height)};
  return {size, centred(from.width, size.width), centred(from.height, size.height)};
}

// A start in [-padding, whole + padding - part]; centred when even the padded image is too small.
int draw_start(int whole, int part, int padding, Random& random) {
  const int64_t choices = int64_t{whole} + 2 * int64_t{padding} - part + 1;
  if (choices < 1) return centred(whole, part);
  return static_cast<int>(random.below(choices)) - padding;
}

}  // namespace

Transform chain(std::vector<Transform> steps) {
  return [steps = std::move(steps)](Sample s, Random& random) {
    for (const Transform& step : steps) s = step(std::move(s), random);
    return s;
  };
}

Transform resize_to(int width, int height) {
  check_size("resize", width, height);
  return [=](Sample s, Random&) { return resize_whole(std::move(s), width, height); };
}

Transform resize_short_side(int side) {
  check_size("resize", side, side);
  return [=](Sample s, Random&) {
    const auto [width, height] = size_of(s);
    const int shorter = std::min(width, height);
    auto scaled = [&](int length) { return static_cast<int>(int64_t{length} * side / shorter); };
    return resize_whole(std::move(s), scaled(width), scaled(height));
  };
}

Transform center_crop(int width, int height) {
  check_size("crop", width, height);
  return [=](Sample s, Random&) {
    const Size from = size_of(s);
    if (from.width == width && from.height == height) return s;
    return cut(s, centred(from.width, width), centred(from.height, height), width, height, 0);
  };
}

Transform random_resized_crop(
    int side, double min_area, double max_area, double min_aspect, double max_aspect) {
  check_size("crop", side, side);
  if (!(0 < min_area && min_area <= max_area && max_area <= 1))
    fail(Kind::usage, "areas {}..{} of a random crop must lie in (0, 1]", min_area, max_area);
  if (!(0 < min_aspect && min_aspect <= max_aspect))
    fail(Kind::usage, "aspects {}..{} of a random crop must be positive", min_aspect, max_aspect);
  return [=](Sample s, Random& random) {
    const auto [size, left, top] =
        draw_part(size_of(s), min_area, max_area, min_aspect, max_aspect, random);
    if (!is_undecoded(s.image)) return resize_part(s, size, left, top, side, side);
    const Image file = std::exchange(s.image, {});
    Sample shown = resize_part(s, size, left, top, side, side);  // the annotation
    shown.image = read_photo_part(file, {left, top, size.width, size.height}, side, side);
    return shown;
  };
}

Transform random_crop(int width, int height, int padding, uint8_t fill) {
  check_size("crop", width, height);
  if (padding < 0) fail(Kind::usage, "the padding of a random crop is {}, not 0 or more", padding);
  return [=](Sample s, Random& random) {
    const Size from = size_of(s);
    const int left = draw_start(from.width, width, padding, random);
    const int top = draw_start(from.height, height, padding, random);
    return cut(s, left, top, width, height, fill);
  };
}

Transform pad_to(int width, int height, uint8_t fill) {
  check_size("pad", width, height);
  return [=](Sample s, Random&) {
    const Size from = size_of(s);
    if (from.width > width || from.height > height)
      fail(Kind::data, "an image of {} x {} cannot be padded to {} x {}; resize it first",
           from.width, from.height, width, height);
    return cut(s, 0, 0, width, height, fill);
  };
}

Transform random_flip(double probability) {
  return [=](Sample s, Random& random) {
    if (!random.chance(probability)) return s;
    const auto [width, height] = size_of(s);
    return warp(s, {-1, 0, double(width), 0, 1, 0}, width, height);
  };
}

Transform random_affine(double degrees, double translate, double min_scale, double max_scale) {
  if (!(0 < min_scale && min_scale <= max_scale))
    fail(Kind::usage, "scales {}..{} of a random affine must be positive", min_scale, max_scale);
  return [=](Sample s, Random& random) {
    const auto [width, height] = size_of(s);
    const double angle = random.uniform(-degrees, degrees) * std::numbers::pi / 180;
    const double scale = random.uniform(min_scale, max_scale);
    const double dx = random.uniform(-translate, translate) * width;
    const double dy = random.uniform(-translate, translate) * height;
    const double c = std::cos(angle) / scale, d = std::sin(angle) / scale;
    const double cx = width / 2.0, cy = height / 2.0;  // stays, but for the shift
    const double x = cx + dx, y = cy + dy;
    return warp(s, {c, d, cx - c * x - d * y, -d, c, cy + d * x - c * y}, width, height);
  };
}

}  // namespace espalier
