// Channel counts of nets that come in widths (Sandler et al. 2018 and every mobile net since):
// multiples of eight, never more than 10 % below what the multiplier asks for.
#pragma once

#include <algorithm>
#include <cstdint>

namespace espalier {

// `channels`: positive, already multiplied.
inline int64_t round_channels(double channels, int64_t divisor = 8) {
  int64_t steps = static_cast<int64_t>(channels + static_cast<double>(divisor) / 2) / divisor;
  int64_t rounded = std::max(divisor, steps * divisor);
  return static_cast<double>(rounded) < 0.9 * channels ? rounded + divisor : rounded;
}

}  // namespace espalier
