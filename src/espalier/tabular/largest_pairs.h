// A few of the largest eigenvalues of a symmetric matrix with their vectors, without finding the others.
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace espalier {

struct EigenPairs {
  at::Tensor values;   // falling
  at::Tensor vectors;  // columns
};

// Of a positive semidefinite matrix of doubles, by subspace iteration with Chebyshev filters (Zhou et al. 2006). Each
// residual |A v - value v| is at most `tolerance` times the largest eigenvalue. The vectors are undefined where
// this way would not pay: for a small matrix, many pairs, or when it does not get there in a few rounds.
EigenPairs largest_pairs(const at::Tensor& matrix, int64_t count, double tolerance, uint64_t seed);

}  // namespace espalier
