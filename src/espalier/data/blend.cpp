#include "espalier/data/blend.h"

#include <algorithm>

// One compilation a processor family, chosen when the program is loaded; the sanitizers cannot live with that choice.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define ESPALIER_FOR_EACH_PROCESSOR __attribute__((target_clones("avx2", "default")))
#else
#define ESPALIER_FOR_EACH_PROCESSOR
#endif
#define ESPALIER_INSIDE __attribute__((always_inline)) inline

namespace espalier {
namespace {

// The upper half of a 16 x 16 bit product: one instruction a vector.
ESPALIER_INSIDE uint16_t share(Fine value, uint16_t weight) {
  return static_cast<uint16_t>(static_cast<uint32_t>(value) * weight >> 16);
}

ESPALIER_INSIDE Fine to_fine(uint8_t value) {
  return static_cast<Fine>(value << 8);
}
ESPALIER_INSIDE Fine to_fine(Fine value) {
  return value;
}

// Half a level where the result is rounded, and what cutting off loses on average: half a unit a row.
ESPALIER_INSIDE void finish(uint16_t sum, int count, Fine& out) {
  out = static_cast<Fine>(sum + count / 2);
}
ESPALIER_INSIDE void finish(uint16_t sum, int count, uint8_t& out) {
  out = static_cast<uint8_t>((sum + 128 + count / 2) >> 8);
}

template <int kCount, class In, class Out>
ESPALIER_INSIDE void blend_few(
    const In* __restrict rows, size_t stride, const uint16_t* weights, int n, Out* __restrict out) {
  for (int i = 0; i < n; ++i) {
    uint16_t sum = 0;
    for (int k = 0; k < kCount; ++k)
      sum = static_cast<uint16_t>(
          sum + share(to_fine(rows[static_cast<size_t>(k) * stride + static_cast<size_t>(i)]),
                      weights[k]));
    finish(sum, kCount, out[i]);
  }
}

constexpr int kChunk = 256;

// Any number of rows, with sixteen more bits. The sums stay below 2^32.
template <class In, class Out>
ESPALIER_INSIDE void blend_chunk(
    const In* rows, size_t stride, const uint16_t* weights, int count, int n, Out* __restrict out) {
  uint32_t sum[kChunk];
  for (int i = 0; i < n; ++i) sum[i] = sizeof(Out) == 1 ? 1u << 23 : 1u << 15;
  for (int k = 0; k < count; ++k) {
    const In* __restrict row = rows + static_cast<size_t>(k) * stride;
    const uint32_t weight = weights[k];
    for (int i = 0; i < n; ++i) sum[i] += to_fine(row[i]) * weight;
  }
  for (int i = 0; i < n; ++i) out[i] = static_cast<Out>(sum[i] >> (sizeof(Out) == 1 ? 24 : 16));
}

template <class In, class Out>
ESPALIER_INSIDE void blend(
    const In* rows, size_t stride, const uint16_t* weights, int count, int n, Out* out) {
  switch (count) {
    case 1:
      return blend_few<1>(rows, stride, weights, n, out);
    case 2:
      return blend_few<2>(rows, stride, weights, n, out);
    case 3:
      return blend_few<3>(rows, stride, weights, n, out);
    case 4:
      return blend_few<4>(rows, stride, weights, n, out);
    case 5:
      return blend_few<5>(rows, stride, weights, n, out);
    default:
      for (int i = 0; i < n; i += kChunk)
        blend_chunk(rows + i, stride, weights, count, std::min(kChunk, n - i), out + i);
  }
}

template <class T>
using Vector __attribute__((vector_size(16))) = T;

ESPALIER_INSIDE Vector<uint8_t> low(Vector<uint8_t> a, Vector<uint8_t> b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
ESPALIER_INSIDE Vector<uint8_t> upper(Vector<uint8_t> a, Vector<uint8_t> b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                                 31);
}
ESPALIER_INSIDE Vector<Fine> low(Vector<Fine> a, Vector<Fine> b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}
ESPALIER_INSIDE Vector<Fine> upper(Vector<Fine> a, Vector<Fine> b) {
  return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

// A square block: each round interleaves the first half of the rows with the second.
template <class T>
ESPALIER_INSIDE void turn_block(const T* in, size_t in_stride, T* out, size_t out_stride) {
  constexpr int kSide = 16 / sizeof(T), kRounds = sizeof(T) == 1 ? 4 : 3;
  Vector<T> row[kSide], next[kSide];
  for (int i = 0; i < kSide; ++i)
    __builtin_memcpy(&row[i], in + static_cast<size_t>(i) * in_stride, 16);
  for (int round = 0; round < kRounds; ++round) {
    for (int i = 0; i < kSide / 2; ++i) {
      next[2 * i] = low(row[i], row[i + kSide / 2]);
      next[2 * i + 1] = upper(row[i], row[i + kSide / 2]);
    }
    for (int i = 0; i < kSide; ++i) row[i] = next[i];
  }
  for (int i = 0; i < kSide; ++i)
    __builtin_memcpy(out + static_cast<size_t>(i) * out_stride, &row[i], 16);
}

template <class T>
ESPALIER_INSIDE void turn_all(
    const T* in, size_t in_stride, int width, int height, T* out, size_t out_stride) {
  constexpr int kSide = 16 / sizeof(T);
  for (int y = 0; y < height; y += kSide)
    for (int x = 0; x < width; x += kSide)
      turn_block(in + static_cast<size_t>(y) * in_stride + x, in_stride,
                 out + static_cast<size_t>(x) * out_stride + y, out_stride);
}

ESPALIER_INSIDE uint8_t level(int value) {
  return static_cast<uint8_t>(std::clamp(value, 0, 255));
}

}  // namespace

ESPALIER_FOR_EACH_PROCESSOR
void blend_rows(
    const uint8_t* rows, size_t stride, const uint16_t* weights, int count, int n, Fine* out) {
  blend(rows, stride, weights, count, n, out);
}

ESPALIER_FOR_EACH_PROCESSOR
void blend_rows(
    const Fine* rows, size_t stride, const uint16_t* weights, int count, int n, uint8_t* out) {
  blend(rows, stride, weights, count, n, out);
}

ESPALIER_FOR_EACH_PROCESSOR
void turn(
    const uint8_t* in, size_t in_stride, int width, int height, uint8_t* out, size_t out_stride) {
  turn_all(in, in_stride, width, height, out, out_stride);
}

ESPALIER_FOR_EACH_PROCESSOR
void turn(const Fine* in, size_t in_stride, int width, int height, Fine* out, size_t out_stride) {
  turn_all(in, in_stride, width, height, out, out_stride);
}

ESPALIER_FOR_EACH_PROCESSOR
void ycc_to_rgb(
    const uint8_t* y, const uint8_t* cb, const uint8_t* cr, int n, uint8_t* __restrict rgb) {
  for (int i = 0; i < n; ++i) {
    const int luma = (y[i] << 16) + (1 << 15), blue = cb[i] - 128, red = cr[i] - 128;
    rgb[3 * i] = level((luma + 91881 * red) >> 16);
    rgb[3 * i + 1] = level((luma - 22554 * blue - 46802 * red) >> 16);
    rgb[3 * i + 2] = level((luma + 116130 * blue) >> 16);
  }
}

}  // namespace espalier
