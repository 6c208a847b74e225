#include "espalier/data/policy.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "espalier/core/error.h"
#include "espalier/core/names.h"
#include "espalier/data/pixel_ops.h"

namespace espalier {
namespace {

std::vector<double> steps_to(double first, double last) {
  std::vector<double> steps;
  for (int i = 0; i < kPolicySteps; ++i)
    steps.push_back(first + (last - first) * i / (kPolicySteps - 1));
  return steps;
}

std::vector<double> bits_down_from_8(int least) {
  std::vector<double> steps = steps_to(0, 8 - least);
  for (double& step : steps) step = 8 - std::round(step);
  return steps;
}

// Both policies have the same list; only the strengths differ.
struct Strongest {
  double shear, shift_x, shift_y, degrees, colour;
  int bits;
};

std::vector<PolicyOperation> operations(const Strongest& most) {
  const std::vector<double> none{0}, colour = steps_to(0, most.colour);
  const std::vector<double> shear = steps_to(0, most.shear);
  return {{"identity", none, false},
          {"shear_x", shear, true},
          {"shear_y", shear, true},
          {"translate_x", steps_to(0, most.shift_x), true},
          {"translate_y", steps_to(0, most.shift_y), true},
          {"rotate", steps_to(0, most.degrees), true},
          {"brightness", colour, true},
          {"color", colour, true},
          {"contrast", colour, true},
          {"sharpness", colour, true},
          {"posterize", bits_down_from_8(most.bits), false},
          {"solarize", steps_to(255, 0), false},
          {"autocontrast", none, false},
          {"equalize", none, false}};
}

const PolicyOperation& draw(const std::vector<PolicyOperation>& from, Random& random) {
  return from[static_cast<size_t>(random.below(static_cast<int64_t>(from.size())))];
}

Sample apply_step(
    const PolicyOperation& operation, size_t step, Sample sample, Random& random, uint8_t fill) {
  double magnitude = operation.magnitudes[std::min(step, operation.magnitudes.size() - 1)];
  if (operation.either_way && random.chance(0.5)) magnitude = -magnitude;
  return apply_operation(operation.name, magnitude, std::move(sample), fill);
}

struct Size {
  int width, height;
};

// A sample without an image has the frame that its annotation names.
Size frame_of(const Sample& s) {
  return s.image.empty() ? Size{s.truth.width, s.truth.height}
                         : Size{s.image.width, s.image.height};
}

Sample warp_in_place(const Sample& s, const Affine& from_output, uint8_t fill) {
  const auto [width, height] = frame_of(s);
  return warp(s, from_output, width, height, fill);
}

Affine turn(double degrees, Size size) {
  const double angle = degrees * std::numbers::pi / 180, x = size.width / 2.0,
               y = size.height / 2.0;
  const double c = std::cos(angle), d = std::sin(angle);
  return {c, -d, x - c * x + d * y, d, c, y - d * x - c * y};
}

using Change = Sample (*)(double magnitude, Sample, uint8_t fill);

template <void (*adjust)(Image&, double)>
Sample adjust_by(double magnitude, Sample s, uint8_t) {
  adjust(s.image, 1 + magnitude);
  return s;
}

struct NamedChange {
  std::string name;
  Change apply;
};

const std::vector<NamedChange>& changes() {
  static const std::vector<NamedChange> table = {
      {"identity", [](double, Sample s, uint8_t) { return s; }},
      {"shear_x",
       [](double m, Sample s, uint8_t fill) {
         return warp_in_place(s, {1, m, 0, 0, 1, 0}, fill);
       }},
      {"shear_y",
       [](double m, Sample s, uint8_t fill) {
         return warp_in_place(s, {1, 0, 0, m, 1, 0}, fill);
       }},
      {"translate_x",
       [](double m, Sample s, uint8_t fill) {
         return warp_in_place(s, {1, 0, -std::trunc(m), 0, 1, 0}, fill);
       }},
      {"translate_y",
       [](double m, Sample s, uint8_t fill) {
         return warp_in_place(s, {1, 0, 0, 0, 1, -std::trunc(m)}, fill);
       }},
      {"rotate", [](double m, Sample s,
                    uint8_t fill) { return warp_in_place(s, turn(m, frame_of(s)), fill); }},
      {"brightness", adjust_by<adjust_brightness>},
      {"color", adjust_by<adjust_saturation>},
      {"contrast", adjust_by<adjust_contrast>},
      {"sharpness", adjust_by<adjust_sharpness>},
      {"posterize",
       [](double m, Sample s, uint8_t) {
         posterize(s.image, static_cast<int>(m));
         return s;
       }},
      {"solarize",
       [](double m, Sample s, uint8_t) {
         solarize(s.image, m);
         return s;
       }},
      {"autocontrast",
       [](double, Sample s, uint8_t) {
         autocontrast(s.image);
         return s;
       }},
      {"equalize", [](double, Sample s, uint8_t) {
         equalize(s.image);
         return s;
       }}};
  return table;
}

}  // namespace

Sample apply_operation(const std::string& name, double magnitude, Sample sample, uint8_t fill) {
  return find_named(changes(), name, "operation").apply(magnitude, std::move(sample), fill);
}

std::vector<PolicyOperation> rand_augment_operations(int width, int height) {
  constexpr double kShift = 150.0 / 331;  // the paper's 150 pixels of a picture of 331
  return operations({.shear = 0.3,
                     .shift_x = kShift * width,
                     .shift_y = kShift * height,
                     .degrees = 30,
                     .colour = 0.9,
                     .bits = 4});
}

std::vector<PolicyOperation> trivial_augment_operations() {
  return operations(
      {.shear = 0.99, .shift_x = 32, .shift_y = 32, .degrees = 135, .colour = 0.99, .bits = 2});
}

Transform rand_augment(int count, int step, uint8_t fill) {
  if (count < 0) fail(Kind::usage, "RandAugment of {} operations, not 0 or more", count);
  if (step < 0 || step >= kPolicySteps)
    fail(Kind::usage, "RandAugment at strength {}, not 0..{}", step, kPolicySteps - 1);
  return [=](Sample s, Random& random) {
    const auto [width, height] = frame_of(s);
    const std::vector<PolicyOperation> all = rand_augment_operations(width, height);
    for (int i = 0; i < count; ++i)
      s = apply_step(draw(all, random), static_cast<size_t>(step), std::move(s), random, fill);
    return s;
  };
}

Transform trivial_augment_wide(uint8_t fill) {
  return [=, all = trivial_augment_operations()](Sample s, Random& random) {
    const PolicyOperation& operation = draw(all, random);
    const size_t step = static_cast<size_t>(random.below(kPolicySteps));
    return apply_step(operation, step, std::move(s), random, fill);
  };
}

}  // namespace espalier
