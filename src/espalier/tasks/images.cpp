#include "espalier/tasks/images.h"

#include "espalier/core/error.h"
#include "espalier/tensor/torch.h"

namespace espalier {

Normalisation Normalisation::usual(int64_t channels) {
  if (channels == 3) return {{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}};
  return {std::vector<double>(static_cast<size_t>(channels), 0.5),
          std::vector<double>(static_cast<size_t>(channels), 0.25)};
}

at::Tensor to_tensor(const Batch& batch, const Normalisation& normalisation) {
  int64_t channels = batch.channels;
  if (static_cast<int64_t>(normalisation.mean.size()) != channels)
    fail(Kind::data, "the images have {} channels, the model was made for {}", channels,
         normalisation.mean.size());
  at::Tensor bytes = at::from_blob(const_cast<uint8_t*>(batch.pixels.data()),
                                   {batch.count, batch.height, batch.width, channels}, at::kByte);
  // x * scale + shift over the last axis, then seen as N x C x H x W: the memory is channels-last
  // already.
  at::Tensor deviation = at::tensor(normalisation.deviation, at::kDouble);
  at::Tensor scale = (1.0 / (255.0 * deviation)).to(at::kFloat);
  at::Tensor shift = (-at::tensor(normalisation.mean, at::kDouble) / deviation).to(at::kFloat);
  return at::addcmul(shift, bytes.to(at::kFloat), scale).permute({0, 3, 1, 2});
}

}  // namespace espalier
