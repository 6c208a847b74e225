#include "espalier/deploy/trace.h"

#include <torch/csrc/jit/frontend/tracer.h>

#include "espalier/core/error.h"
#include "espalier/deploy/lower.h"
#include "espalier/deploy/quiet_model.h"
#include "espalier/models/model.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

std::map<const void*, std::string> names_by_place(const torch::nn::Module& model) {
  std::map<const void*, std::string> names;
  for (const auto& item : model.named_parameters())
    names.emplace(item.value().const_data_ptr(), item.key());
  for (const auto& item : model.named_buffers())
    names.emplace(item.value().const_data_ptr(), item.key());
  return names;
}

}  // namespace

Graph trace(ImageModel& model, const at::Tensor& example) {
  if (example.dim() != 4 || example.scalar_type() != at::kFloat || example.numel() == 0)
    fail(Kind::usage, "tracing wants a float example of N x C x H x W");
  QuietModel quiet(model);  // the tracer refuses parameters that want gradients
  torch::NoGradGuard no_gradients;
  // A batch of one hides itself: 1 stands in many shapes. Two is the smallest that can be told from
  // a constant.
  at::Tensor images =
      example.detach().size(0) > 1 ? example.detach() : example.detach().repeat({2, 1, 1, 1});
  try {
    auto [state, outputs] = torch::jit::tracer::trace(
        {images},
        [&](torch::jit::Stack inputs) {
          return torch::jit::Stack{model.forward(inputs.at(0).toTensor())};
        },
        [](const at::Tensor&) { return std::string(); });
    return Lowering(names_by_place(model), images.size(0)).lower(*state->graph);
  } catch (const c10::Error& error) {
    fail(Kind::unsupported, "the network cannot be traced: {}", error.what_without_backtrace());
  }
}

}  // namespace espalier
