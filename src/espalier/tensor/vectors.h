// Kernels written once in portable vectors and compiled for the widest units of the processor that
// runs them: float lanes over fp32 or bf16 memory.
//
//   with_widest_vectors([&]() ESPALIER_INLINE {
//     for (int64_t i = 0; i < n; i += 16) store(load<16>(x + i) * 2.f, y + i);
//   });
//
// Everything that the body calls must be ESPALIER_INLINE too: only what is inlined into it is
// compiled for the wider units.
#pragma once

#include <cstdint>
#include <cstring>

#include <c10/util/BFloat16.h>

#define ESPALIER_INLINE __attribute__((always_inline))

// Vectors wider than the baseline's registers change how functions pass them; these never do, for
// all of them are inlined.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpsabi"

namespace espalier {

// typedefs, for g++ 12 drops an attribute that depends on a parameter from an alias.
template <int W>
struct Lanes {
  typedef float Float __attribute__((vector_size(4 * W)));
  typedef uint32_t Word __attribute__((vector_size(4 * W)));
  typedef uint16_t Half __attribute__((vector_size(2 * W)));
};
template <int W>
using Floats = typename Lanes<W>::Float;

template <int W>
ESPALIER_INLINE inline Floats<W> load(const float* from) {
  Floats<W> value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <int W>
ESPALIER_INLINE inline Floats<W> load(const c10::BFloat16* from) {
  typename Lanes<W>::Half half;
  std::memcpy(&half, from, sizeof half);
  return (Floats<W>)(__builtin_convertvector(half, typename Lanes<W>::Word) << 16);
}

template <class V>
ESPALIER_INLINE inline void store(const V& value, float* to) {
  std::memcpy(to, &value, sizeof value);
}

// Rounds to the nearest, ties to even; a NaN stays one.
template <class V>
ESPALIER_INLINE inline void store(const V& value, c10::BFloat16* to) {
  constexpr int W = sizeof(V) / 4;
  using Word = typename Lanes<W>::Word;
  Word bits = (Word)value;
  Word rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  rounded = (bits & 0x7fffffffu) > 0x7f800000u ? Word{} + 0x7fc0u : rounded;
  typename Lanes<W>::Half half = __builtin_convertvector(rounded, typename Lanes<W>::Half);
  std::memcpy(to, &half, sizeof half);
}

#if defined(__x86_64__)
template <class Body>
__attribute__((target("arch=x86-64-v4"), noinline)) void with_512_bits(const Body& body) {
  body();
}
template <class Body>
__attribute__((target("arch=x86-64-v3"), noinline)) void with_256_bits(const Body& body) {
  body();
}
#endif

// Runs `body`, compiled for AVX-512, AVX2 with FMA or the baseline.
template <class Body>
void with_widest_vectors(const Body& body) {
#if defined(__x86_64__)
  static const int level = [] {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("bmi2"))
      return 4;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                   __builtin_cpu_supports("bmi2")
               ? 3
               : 1;
  }();
  if (level == 4) return with_512_bits(body);
  if (level == 3) return with_256_bits(body);
#endif
  body();
}

}  // namespace espalier

#pragma GCC diagnostic pop
