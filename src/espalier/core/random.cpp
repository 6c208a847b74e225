#include "espalier/core/random.h"

#include <cmath>
#include <numbers>

namespace espalier {
namespace {

// The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
uint64_t mix(uint64_t z) {
  z += 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

}  // namespace

Random::Random(uint64_t seed) : key_(mix(seed)) {}

Random Random::stream(uint64_t id) const {
  Random child(0);
  child.key_ = mix(key_ ^ mix(id ^ 0x5851f42d4c957f2dULL));
  return child;
}

Random Random::stream(std::string_view name) const {
  uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a
  for (unsigned char c : name) hash = (hash ^ c) * 0x100000001b3ULL;
  return stream(hash);
}

uint64_t Random::bits() {
  return mix(key_ + mix(counter_++));
}

double Random::uniform() {
  return static_cast<double>(bits() >> 11) * 0x1.0p-53;
}

double Random::uniform(double low, double high) {
  return low + (high - low) * uniform();
}

int64_t Random::below(int64_t n) {
  // Lemire's multiply-shift with rejection of the biased part.
  uint64_t range = static_cast<uint64_t>(n);
  uint64_t floor = (0 - range) % range;
  while (true) {
    __extension__ typedef unsigned __int128 Wide;
    Wide product = static_cast<Wide>(bits()) * range;
    if (static_cast<uint64_t>(product) >= floor) return static_cast<int64_t>(product >> 64);
  }
}

double Random::normal() {
  // Box-Muller; the second value is dropped so that a stream's state stays one counter.
  double u = 1.0 - uniform();
  double v = uniform();
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
}

}  // namespace espalier
