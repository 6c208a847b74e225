#include "espalier/nn/pad_same.h"

#include <algorithm>

#include <torch/library.h>

#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

at::Tensor pad(const at::Tensor& x, int64_t kernel, int64_t stride) {
  auto [top, bottom] = same_padding(x.size(2), kernel, stride);
  auto [left, right] = same_padding(x.size(3), kernel, stride);
  return at::constant_pad_nd(x, {left, right, top, bottom}, 0);
}

}  // namespace

// In this file, which whoever calls pad_same links: nothing else looks the operation up.
TORCH_LIBRARY(espalier, library) {
  library.def("pad_same(Tensor x, int kernel, int stride) -> Tensor", pad);
}

at::Tensor pad_same(const at::Tensor& x, int64_t kernel, int64_t stride) {
  static const auto operation = c10::Dispatcher::singleton()
                                    .findSchemaOrThrow("espalier::pad_same", "")
                                    .typed<at::Tensor(const at::Tensor&, int64_t, int64_t)>();
  return operation.call(x, kernel, stride);
}

std::pair<int64_t, int64_t> same_padding(int64_t size, int64_t extent, int64_t stride) {
  int64_t steps = (size + stride - 1) / stride;
  int64_t all = std::max<int64_t>(0, (steps - 1) * stride + extent - size);
  return {all / 2, all - all / 2};
}

}  // namespace espalier
