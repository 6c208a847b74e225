#include "espalier/tabular/divide_items.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace espalier {
namespace {

void divide_plain(const uint64_t* items,
                  int64_t count,
                  const uint8_t* goes_left,
                  uint64_t* left,
                  uint64_t* right) {
  for (int64_t i = 0; i < count; ++i) {
    const uint64_t item = items[i];
    if (goes_left[static_cast<uint32_t>(item)]) {
      if (left) *left++ = item;
    } else {
      if (right) *right++ = item;
    }
  }
}

#if defined(__x86_64__)
// Eight items at a time: their flags are gathered, and each side gets its own pressed together.
__attribute__((target("avx512f,avx512vl,bmi,bmi2,popcnt"))) void divide_512(
    const uint64_t* items,
    int64_t count,
    const uint8_t* goes_left,
    uint64_t* left,
    uint64_t* right) {
  const __m512i low = _mm512_set1_epi64(0xffffffff);
  for (int64_t i = 0; i < count; i += 8) {
    const __mmask8 there = count - i >= 8 ? 0xff : static_cast<__mmask8>((1u << (count - i)) - 1);
    const __m512i item = _mm512_maskz_loadu_epi64(there, items + i);
    const __m256i flag = _mm512_mask_i64gather_epi32(_mm256_setzero_si256(), there,
                                                     _mm512_and_si512(item, low), goes_left, 1);
    const auto to_left =
        static_cast<__mmask8>(_mm256_mask_test_epi32_mask(there, flag, _mm256_set1_epi32(0xff)));
    const auto to_right = static_cast<__mmask8>(there & ~to_left);
    if (left) {
      const auto n = static_cast<unsigned>(__builtin_popcount(to_left));
      _mm512_mask_storeu_epi64(left, static_cast<__mmask8>((1u << n) - 1),
                               _mm512_maskz_compress_epi64(to_left, item));
      left += n;
    }
    if (right) {
      const auto n = static_cast<unsigned>(__builtin_popcount(to_right));
      _mm512_mask_storeu_epi64(right, static_cast<__mmask8>((1u << n) - 1),
                               _mm512_maskz_compress_epi64(to_right, item));
      right += n;
    }
  }
}
#endif

}  // namespace

void divide_items(const uint64_t* items,
                  int64_t count,
                  const uint8_t* goes_left,
                  uint64_t* left,
                  uint64_t* right) {
#if defined(__x86_64__)
  static const bool wide = __builtin_cpu_supports("avx512f") &&
                           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("bmi2");
  if (wide) return divide_512(items, count, goes_left, left, right);
#endif
  divide_plain(items, count, goes_left, left, right);
}

}  // namespace espalier
