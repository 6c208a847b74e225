// The passes over memory of a batch norm with its residual sum and rectifier, on channels-last
// memory seen as rows x channels (rows = N * H * W), T = float or c10::BFloat16, statistics in fp32
// from sums in fp64. The work is cut into slabs by the size alone and their sums are added in
// order: any number of threads gives the same bits.
#pragma once

#include <cstdint>

#include "espalier/nn/norm_act.h"

namespace espalier {

struct Extent {
  int64_t rows, channels;
};

// One pass. variance: biased (over rows).
template <class T>
void channel_moments(const T* x, Extent extent, float* mean, float* variance);

// One pass: y = rectifier(x * scale + shift + addend); addend null: none.
template <class T>
void scale_and_rectify(const T* x,
                       const T* addend,
                       const float* scale,
                       const float* shift,
                       Rectifier rectifier,
                       T* y,
                       Extent extent);

// What the rectifier let through: dz = dy where it was open, else 0. It is read off y; y null: off
// x * scale + shift, for a norm without addend.
template <class T>
struct Opened {
  const T *dy, *x, *y;
  const float *scale, *shift;
  Rectifier rectifier;
};

// One pass: sum(dz) and sum(dz * (x - mean)) a channel; writes dz too unless null.
template <class T>
void gradient_sums(
    const Opened<T>& in, const float* mean, Extent extent, T* dz, double* sum, double* product_sum);

// One pass: dx = factor * dz - slope * (x - mean) - offset; writes dz too unless null. slope null:
// dx = factor * dz.
template <class T>
void input_gradient(const Opened<T>& in,
                    const float* mean,
                    const float* factor,
                    const float* slope,
                    const float* offset,
                    Extent extent,
                    T* dx,
                    T* dz);

}  // namespace espalier
