#include "espalier/data/fingerprint.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "espalier/data/transform.h"

namespace espalier {
namespace {

constexpr int kSide = 16;

uint64_t difference_hash(const Image& image) {
  const Image grid = resize(image, 9, 8);
  const auto light = [&](int x, int y) {
    if (grid.channels < 3) return int{grid.at(x, y)} * 1000;
    return 299 * grid.at(x, y, 0) + 587 * grid.at(x, y, 1) + 114 * grid.at(x, y, 2);
  };
  uint64_t hash = 0;
  for (int y = 0; y < 8; ++y)
    for (int x = 0; x < 8; ++x) hash |= uint64_t{light(x + 1, y) > light(x, y)} << (8 * y + x);
  return hash;
}

}  // namespace

Fingerprint fingerprint(const Image& image) {
  Fingerprint print{.hash = difference_hash(image)};
  const Image small = resize(image, kSide, kSide);
  for (size_t i = 0; i < print.small.size(); ++i)
    print.small[i] = small.pixels[small.channels < 3 ? i / 3 : i];
  print.gray = true;
  for (size_t i = 0; i < print.small.size(); i += 3)
    print.gray &= print.small[i] == print.small[i + 1] && print.small[i] == print.small[i + 2];
  int64_t sum = 0, squares = 0;
  for (int v : print.small) sum += v, squares += v * v;
  const double count = static_cast<double>(print.small.size());
  const double mean = static_cast<double>(sum) / count;
  print.mean = static_cast<float>(mean);
  print.variance = static_cast<float>(static_cast<double>(squares) / count - mean * mean);
  return print;
}

bool looks_alike(const Fingerprint& a, const Fingerprint& b) {
  if (std::popcount(a.hash ^ b.hash) > kNearBits) return false;
  if (std::abs(a.mean - b.mean) > kNearLevels) return false;
  int squares = 0;
  for (size_t i = 0; i < a.small.size(); ++i) {
    const int difference = int{a.small[i]} - b.small[i];
    squares += difference * difference;
  }
  const float mean = static_cast<float>(squares) / static_cast<float>(a.small.size());
  const float share = a.gray && b.gray ? 0.5F : 1.0F, level = share * kNearLevels, part = share / 4;
  return mean < level * level && mean < part * part * std::min(a.variance, b.variance);
}

}  // namespace espalier
