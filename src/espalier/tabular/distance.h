// Exact distances between two rows, in doubles, sixteen lanes of sums in a fixed order.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "espalier/tensor/vectors.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpsabi"

namespace espalier {

enum class Metric { l2, l1, cosine };

typedef double EightDoubles __attribute__((vector_size(64)));
typedef float EightFloats __attribute__((vector_size(32)));

ESPALIER_INLINE inline EightDoubles load_doubles(const float* from) {
  EightFloats value;
  std::memcpy(&value, from, sizeof value);
  return __builtin_convertvector(value, EightDoubles);
}
ESPALIER_INLINE inline EightDoubles load_doubles(const double* from) {
  EightDoubles value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// Sum of term(a[i], b[i]), where `term` takes vectors and single doubles alike.
template <class T, class Term>
ESPALIER_INLINE inline double sum_of_terms(const T* a, const T* b, int64_t n, const Term& term) {
  EightDoubles even = {}, odd = {};
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    even += term(load_doubles(a + i), load_doubles(b + i));
    odd += term(load_doubles(a + i + 8), load_doubles(b + i + 8));
  }
  even += odd;
  double sum = 0;
  for (int k = 0; k < 8; ++k) sum += even[k];
  for (; i < n; ++i) {
    const EightDoubles last = term(EightDoubles{} + static_cast<double>(a[i]),
                                   EightDoubles{} + static_cast<double>(b[i]));
    sum += last[0];
  }
  return sum;
}

// Sum of squares of differences; sum of differences; dot product.
template <class T>
ESPALIER_INLINE inline double squared_distance(const T* a, const T* b, int64_t n) {
  return sum_of_terms(a, b, n, [](const EightDoubles& x, const EightDoubles& y) ESPALIER_INLINE {
    const EightDoubles d = x - y;
    return d * d;
  });
}
template <class T>
ESPALIER_INLINE inline double absolute_distance(const T* a, const T* b, int64_t n) {
  return sum_of_terms(a, b, n, [](const EightDoubles& x, const EightDoubles& y) ESPALIER_INLINE {
    const EightDoubles d = x - y;
    return d < 0 ? -d : d;
  });
}
template <class T>
ESPALIER_INLINE inline double dot_product(const T* a, const T* b, int64_t n) {
  return sum_of_terms(
      a, b, n, [](const EightDoubles& x, const EightDoubles& y) ESPALIER_INLINE { return x * y; });
}

}  // namespace espalier

#pragma GCC diagnostic pop
