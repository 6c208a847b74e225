// TensorFlow's padding "same": as many zeros as make a strided window give ceil(size / stride)
// outputs, the odd one at right and bottom. How many that are depends on the image's size.
//
//   y = conv->forward(pad_same(x, /*kernel=*/3, /*stride=*/2));   // the convolution itself unpadded
#pragma once

#include <cstdint>
#include <utility>

#include <ATen/core/Tensor.h>

namespace espalier {

// x: N x C x H x W. An operation of its own ("espalier::pad_same") in the dispatcher's eyes, so
// that a trace holds the rule and not the numbers of one size.
at::Tensor pad_same(const at::Tensor& x, int64_t kernel, int64_t stride);

// The zeros before and behind `size` pixels; `extent` is the kernel's, with dilation.
std::pair<int64_t, int64_t> same_padding(int64_t size, int64_t extent, int64_t stride);

}  // namespace espalier
