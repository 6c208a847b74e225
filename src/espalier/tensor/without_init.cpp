#include "espalier/tensor/without_init.h"

#include <c10/core/impl/LocalDispatchKeySet.h>
#include <torch/library.h>

#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

at::Tensor& leave_alone(at::Tensor& self, double, double, std::optional<at::Generator>) {
  return self;
}

}  // namespace

// LibTorch keeps this dispatch key for deferred initialisation and puts nothing on it itself.
TORCH_LIBRARY_IMPL(_, DeferredInit, library) {
  library.fallback(torch::CppFunction::makeFallthrough());
}

TORCH_LIBRARY_IMPL(aten, DeferredInit, library) {
  library.impl("uniform_", leave_alone);
  library.impl("normal_", leave_alone);
}

struct WithoutInit::Guard {
  c10::impl::IncludeDispatchKeyGuard key{c10::DispatchKey::DeferredInit};
};

WithoutInit::WithoutInit() : guard_(std::make_unique<Guard>()) {}
WithoutInit::~WithoutInit() = default;

}  // namespace espalier
