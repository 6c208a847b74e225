// What is left of a picture when it is compared with fifty thousand others: enough to know a copy that was encoded or
// scaled anew, little enough to keep all in memory.
//
//   if (looks_alike(fingerprint(a), fingerprint(b))) ...
#pragma once

#include <array>
#include <cstdint>

#include "espalier/format/image.h"

namespace espalier {

struct Fingerprint {
  // Difference hash: bit 8 y + x says whether, on a gray 9 x 8 grid of means, column x + 1 is lighter than column x.
  uint64_t hash = 0;
  // 16 x 16 means of red, green and blue; gray pictures have three equal ones.
  std::array<uint8_t, 768> small{};
  float mean = 0, variance = 0;  // of `small`
  bool gray = false;
};

inline constexpr int kFingerprintSide = 32;  // pictures need not be larger

// `image`: gray or RGB, not empty.
Fingerprint fingerprint(const Image& image);

// Hashes that differ in at most this many bits are looked at more closely.
inline constexpr int kNearBits = 7;

inline constexpr float kNearLevels = 12;

// The closer look: the root mean square of the differences of `small` is below kNearLevels of 255 and below a quarter of
// the picture's own deviation, so that pictures without structure are alike to none. Of two gray pictures, whose
// silhouettes agree sooner, both limits are half of that. (Set on photographs, where of 15 pairs found in two sets all were
// true copies, and on Fashion-MNIST, where plain shirts pass the wider limits.)
bool looks_alike(const Fingerprint& a, const Fingerprint& b);

}  // namespace espalier
