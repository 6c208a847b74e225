// From bytes of a batch to the tensor that networks take.
#pragma once

#include <vector>

#include <ATen/core/Tensor.h>

#include "espalier/data/loader.h"

namespace espalier {

// Per channel, on the scale 0..1: (value / 255 - mean) / deviation.
struct Normalisation {
  std::vector<double> mean, deviation;           // one entry a channel
  static Normalisation usual(int64_t channels);  // ImageNet's for 3 channels, 0.5 and 0.25 for gray
};

// N x C x H x W float in channels-last memory. Throws Error(data) when the batch has another number
// of channels.
at::Tensor to_tensor(const Batch& batch, const Normalisation& normalisation);

}  // namespace espalier
