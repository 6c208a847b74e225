#include "espalier/tasks/evidence.h"

#include <algorithm>

#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

constexpr int64_t kOcclusionGrid = 7;

Raster<float> to_map(const at::Tensor& grid) {
  at::Tensor values = grid.clamp_min(0).to(at::kFloat).contiguous();
  float peak = values.max().item<float>();
  if (peak > 0) values = values / peak;
  Raster<float> map(static_cast<int>(values.size(1)), static_cast<int>(values.size(0)), 1);
  std::copy_n(values.const_data_ptr<float>(), map.pixels.size(), map.pixels.begin());
  return map;
}

at::Tensor grad_cam(ImageModel& model, const at::Tensor& last_map, const at::Tensor& classes) {
  torch::AutoGradMode gradients(true);
  at::Tensor map = last_map.detach().to(at::kFloat).requires_grad_();
  at::Tensor chosen = model.head(map).gather(1, classes.unsqueeze(1)).sum();
  at::Tensor slope = torch::autograd::grad({chosen}, {map})[0];
  torch::NoGradGuard done;
  return (slope.mean({2, 3}, /*keepdim=*/true) * map).sum(1);
}

at::Tensor occlusion(ImageModel& model, const at::Tensor& image, int64_t label) {
  torch::NoGradGuard guard;
  int64_t height = image.size(2), width = image.size(3), n = kOcclusionGrid;
  at::Tensor copies = image.repeat({n * n + 1, 1, 1, 1});
  at::Tensor mean = image.mean({2, 3}, /*keepdim=*/true)[0];
  for (int64_t y = 0; y < n; ++y)
    for (int64_t x = 0; x < n; ++x)
      copies[y * n + x]
          .slice(1, y * height / n, (y + 1) * height / n)
          .slice(2, x * width / n, (x + 1) * width / n)
          .copy_(mean);
  at::Tensor probability = at::softmax(model.forward(copies).to(at::kFloat), 1).select(1, label);
  return (probability[n * n] - probability.slice(0, 0, n * n)).reshape({n, n});
}

}  // namespace

std::vector<Raster<float>> evidence_maps(ImageModel& model,
                                         const at::Tensor& images,
                                         const std::vector<int64_t>& classes) {
  torch::NoGradGuard guard;
  bool was_training = model.is_training();
  model.eval();
  std::vector<Raster<float>> maps;
  std::vector<at::Tensor> taps = model.features(images);
  if (taps.empty()) {
    for (int64_t i = 0; i < images.size(0); ++i)
      maps.push_back(
          to_map(occlusion(model, images.slice(0, i, i + 1), classes[static_cast<size_t>(i)])));
  } else {
    at::Tensor grids = grad_cam(model, taps.back(), at::tensor(classes, at::kLong));
    for (int64_t i = 0; i < images.size(0); ++i) maps.push_back(to_map(grids[i]));
  }
  model.train(was_training);
  return maps;
}

}  // namespace espalier
