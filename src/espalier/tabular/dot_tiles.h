// Dot products of a few queries with a panel of points, the inner loop of a search through all points.
#pragma once

#include <cstdint>
#include <vector>

namespace espalier {

constexpr int64_t kTileQueries = 6, kPanelPoints = 64;

// Whether this processor multiplies bytes (AVX-512 VNNI).
bool has_byte_tiles();

// Bytes: panel [steps][64 points][4 columns], each + 128; queries: 6 rows of 4 * steps signed bytes; offset: 128 times the
// sum of each query, which is taken off. Exact while steps <= kMostByteSteps.
constexpr int64_t kMostByteSteps = 16000;
void byte_tile(const uint8_t* panel,
               const int8_t* queries,
               int64_t steps,
               const int32_t* offset,
               float* dots);  // 6 x 64

// Floats: panel [columns][64 points]; queries: 6 rows.
void float_tile(const float* panel, const float* queries, int64_t columns, float* dots);

// One row of a tile against what is known of its panel's points:
//   lowest[i] = norm[i] - scale * step[i] * dots[i] - left * lost[i] - right * size[i]
// Bit i of the answer: not (lowest[i] > limit), so also where it is not a number.
struct PanelPoints {
  float norm[kPanelPoints], step[kPanelPoints], lost[kPanelPoints], size[kPanelPoints];
};
uint64_t not_above(const PanelPoints& panel,
                   const float* dots,
                   float scale,
                   float left,
                   float right,
                   float limit,
                   float* lowest);

}  // namespace espalier
