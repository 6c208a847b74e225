#include "espalier/tabular/dot_tiles.h"

#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "espalier/core/error.h"
#include "espalier/tensor/vectors.h"

namespace espalier {

#if defined(__x86_64__)

bool has_byte_tiles() {
  static const bool there = __builtin_cpu_supports("avx512f") &&
                            __builtin_cpu_supports("avx512bw") &&
                            __builtin_cpu_supports("avx512vnni");
  return there;
}

namespace {

// 24 sums in registers, 4 registers of points, each query's four bytes broadcast from memory.
__attribute__((target("avx512f,avx512bw,avx512vnni"))) void vnni_tile(const uint8_t* panel,
                                                                      const int8_t* queries,
                                                                      int64_t steps,
                                                                      const int32_t* offset,
                                                                      float* dots) {
  __m512i sum[kTileQueries][4];
#pragma GCC unroll 6
  for (int q = 0; q < kTileQueries; ++q)
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) sum[q][v] = _mm512_set1_epi32(-offset[q]);
  for (int64_t s = 0; s < steps; ++s, panel += 4 * kPanelPoints) {
    __m512i points[4];
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) points[v] = _mm512_loadu_si512(panel + 64 * v);
#pragma GCC unroll 6
    for (int q = 0; q < kTileQueries; ++q) {
      int32_t four;
      std::memcpy(&four, queries + (q * steps + s) * 4, 4);
      const __m512i query = _mm512_set1_epi32(four);
#pragma GCC unroll 4
      for (int v = 0; v < 4; ++v) sum[q][v] = _mm512_dpbusd_epi32(sum[q][v], points[v], query);
    }
  }
#pragma GCC unroll 6
  for (int q = 0; q < kTileQueries; ++q)
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v)
      _mm512_storeu_ps(dots + q * kPanelPoints + 16 * v, _mm512_cvtepi32_ps(sum[q][v]));
}

}  // namespace

void byte_tile(const uint8_t* panel,
               const int8_t* queries,
               int64_t steps,
               const int32_t* offset,
               float* dots) {
  if (!has_byte_tiles()) fail(Kind::internal, "byte tiles on a processor without them");
  vnni_tile(panel, queries, steps, offset, dots);
}

#else

bool has_byte_tiles() {
  return false;
}

void byte_tile(const uint8_t*, const int8_t*, int64_t, const int32_t*, float*) {
  fail(Kind::internal, "byte tiles on a processor without them");
}

#endif

void float_tile(const float* panel, const float* queries, int64_t columns, float* dots) {
  with_widest_vectors([&]() ESPALIER_INLINE {
    Floats<16> sum[kTileQueries][4] = {};
    for (int64_t c = 0; c < columns; ++c) {
      Floats<16> points[4];
#pragma GCC unroll 4
      for (int v = 0; v < 4; ++v) points[v] = load<16>(panel + c * kPanelPoints + 16 * v);
#pragma GCC unroll 6
      for (int q = 0; q < kTileQueries; ++q) {
        const Floats<16> query = Floats<16>{} + queries[q * columns + c];
#pragma GCC unroll 4
        for (int v = 0; v < 4; ++v) sum[q][v] += points[v] * query;
      }
    }
#pragma GCC unroll 6
    for (int q = 0; q < kTileQueries; ++q)
#pragma GCC unroll 4
      for (int v = 0; v < 4; ++v) store(sum[q][v], dots + q * kPanelPoints + 16 * v);
  });
}

uint64_t not_above(const PanelPoints& panel,
                   const float* dots,
                   float scale,
                   float left,
                   float right,
                   float limit,
                   float* lowest) {
  uint64_t found = 0;
  with_widest_vectors([&]() ESPALIER_INLINE {
    typename Lanes<16>::Word any = {};
    for (int v = 0; v < kPanelPoints; v += 16) {
      const Floats<16> low = load<16>(panel.norm + v) -
                             load<16>(dots + v) * (load<16>(panel.step + v) * scale) -
                             load<16>(panel.lost + v) * left - load<16>(panel.size + v) * right;
      store(low, lowest + v);
      any |= ~(typename Lanes<16>::Word)(low > limit);
    }
    uint32_t some = 0;
    for (int k = 0; k < 16; ++k) some |= any[k];
    if (some)
      for (int i = 0; i < kPanelPoints; ++i) found |= uint64_t{!(lowest[i] > limit)} << i;
  });
  return found;
}

}  // namespace espalier
