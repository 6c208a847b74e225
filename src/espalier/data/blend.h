// The inner loops of resampling, on planes of bytes: rows blended with fixed-point weights, planes turned over their
// diagonal (so that columns are blended as rows), YCbCr to RGB. Compiled for AVX2 beside the baseline and chosen at run
// time; the results are the same bits.
#pragma once

#include <cstddef>
#include <cstdint>

namespace espalier {

// Row strides and row counts of turn() are multiples of this; buffers are made that large.
constexpr int kLane = 16;
constexpr int padded_to_lane(int n) {
  return (n + kLane - 1) / kLane * kLane;
}

// Between the two passes of a resampling a sample is kept with eight bits behind the point, so that it is rounded once.
using Fine = uint16_t;

// out[i] = sum over k of weights[k] / 65535 * rows[k * stride + i] for i < n; strides count elements. The weights sum to
// 65535. Within 1/64 of the exact sum for up to five rows, 1/8 for any number. Bytes in give Fine out, the reverse rounds.
void blend_rows(
    const uint8_t* rows, size_t stride, const uint16_t* weights, int count, int n, Fine* out);
void blend_rows(
    const Fine* rows, size_t stride, const uint16_t* weights, int count, int n, uint8_t* out);

// out[x * out_stride + y] = in[y * in_stride + x] for x < width, y < height, both multiples of kLane.
void turn(
    const uint8_t* in, size_t in_stride, int width, int height, uint8_t* out, size_t out_stride);
void turn(const Fine* in, size_t in_stride, int width, int height, Fine* out, size_t out_stride);

// JFIF's conversion (Rec. 601, full range), n pixels to interleaved RGB, within one level of libjpeg's.
void ycc_to_rgb(const uint8_t* y, const uint8_t* cb, const uint8_t* cr, int n, uint8_t* rgb);

}  // namespace espalier
