// Microseconds of processor time a picture for each transform of the data room, one thread, as CSV.
//
//   cmake --build build/release --target bench_transforms && build/release/bin/bench_transforms
//
// bench/peers/transforms_torchvision.py prints the same table for torchvision on Pillow images.
#include <algorithm>
#include <cmath>
#include <ctime>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "espalier/data/degrade.h"
#include "espalier/data/mix.h"
#include "espalier/data/policy.h"
#include "espalier/data/recipe.h"

namespace espalier {
namespace {

constexpr int kSide = 224, kRounds = 5;
constexpr double kRoundSeconds = 0.15;

// Waves with noise: neither flat nor only noise, as photographs are.
Sample picture(int width, int height) {
  Random random(1);
  Sample s;
  s.image = Image(width, height, 3);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c)
        s.image.at(x, y, c) = static_cast<uint8_t>(128 + 70 * std::sin(x / (9.0 + c) + y / 23.0) +
                                                   random.uniform(-20, 20));
  s.truth.width = width, s.truth.height = height;
  s.truth.labels = {{.id = 1}};
  return s;
}

double processor_seconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// The fastest of several rounds, in microseconds a call.
template <class Body>
double microseconds(Body&& body) {
  double best = HUGE_VAL;
  body();
  for (int round = 0; round < kRounds; ++round) {
    const double start = processor_seconds();
    int calls = 0;
    double spent = 0;
    while (spent < kRoundSeconds) {
      for (int i = 0; i < 8; ++i) body();
      calls += 8;
      spent = processor_seconds() - start;
    }
    best = std::min(best, 1e6 * spent / calls);
  }
  return best;
}

void measure(const std::string& name, const Transform& transform, const Sample& input) {
  Random random(2);
  // The copy is part of the time: transforms consume their input, as torchvision's return a new one.
  const double time = microseconds([&] { transform(input, random); });
  fmt::print("{},{}x{},{:.1f}\n", name, input.image.width, input.image.height, time);
}

void measure_mix(const std::string& name, const BatchTransform& mix) {
  constexpr int kBatch = 64;
  Batch batch{.count = kBatch, .height = kSide, .width = kSide, .channels = 3};
  const Sample one = picture(kSide, kSide);
  for (int i = 0; i < kBatch; ++i) {
    batch.pixels.insert(batch.pixels.end(), one.image.pixels.begin(), one.image.pixels.end());
    batch.truth.push_back({.width = kSide, .height = kSide, .labels = {{.id = i}}});
    batch.indices.push_back(i);
  }
  Random random(2);
  const double time = microseconds([&] {
    for (int i = 0; i < kBatch; ++i) batch.truth[static_cast<size_t>(i)].labels = {{.id = i}};
    mix(batch, random);
  });
  fmt::print("{},{}x{},{:.1f}\n", name, kSide, kSide, time / kBatch);
}

void run() {
  const Sample photo = picture(500, 375), square = picture(kSide, kSide);
  fmt::print("transform,input,microseconds\n");
  measure("random_resized_crop", random_resized_crop(kSide), photo);
  measure("resize_and_center_crop", eval_transform({.crop_share = 0.875}, kSide), photo);
  measure("resize", resize_to(kSide, kSide), photo);
  measure("enlarge", resize_to(2 * kSide, 2 * kSide), square);
  measure("flip", random_flip(1), square);
  measure("colour_jitter", colour_jitter(0.4, 0.4, 0.4), square);
  for (const PolicyOperation& operation : trivial_augment_operations()) {
    const double magnitude = operation.magnitudes[operation.magnitudes.size() / 2];
    measure(
        operation.name,
        [&](Sample s, Random&) { return apply_operation(operation.name, magnitude, std::move(s)); },
        square);
  }
  measure("rand_augment", rand_augment(), square);
  measure("trivial_augment_wide", trivial_augment_wide(), square);
  measure("blur", random_blur(1), square);
  measure("jpeg", random_jpeg(1), square);
  measure("erasing", random_erasing(1), square);
  measure_mix("mixup", mix_batches(1, 0));
  measure_mix("cutmix", mix_batches(0, 1));
}

}  // namespace
}  // namespace espalier

int main() {
  espalier::run();
}
