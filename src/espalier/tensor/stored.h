// Between LibTorch's tensors and the plain bytes of format/safetensors.h, and the state of a module
// by name.
//
//   save_tensors("model.safetensors", module_state(*net), {{"format", "pt"}});
//   Safetensors file = Safetensors::read("model.safetensors");
//   load_state(*net, file.tensors());
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "espalier/format/safetensors.h"

namespace torch::nn {
class Module;
}

namespace espalier {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

// A tensor of its own memory, same type and shape. F32, F64, F16, BF16, I64, I32, I16, I8, U8,
// BOOL; another type is Error(unsupported) naming the tensor.
at::Tensor to_tensor(const StoredTensor& stored);

// Throws Error(data) naming the tensor that was read when it holds a NaN or an infinity.
void check_finite(const std::string& name, const at::Tensor& value);

// The other way: plain bytes in row-major order, whatever the memory format was. Throws
// Error(unsupported) for a type without a name.
struct StoredTensors {
  explicit StoredTensors(const NamedTensors& tensors);
  std::vector<StoredTensor> tensors;
  std::vector<at::Tensor> kept;  // what they look into
};

// As safetensors, atomically. Throws Error(io); Error(unsupported) for a type without a name.
void save_tensors(const fs::path& path,
                  const NamedTensors& tensors,
                  const std::map<std::string, std::string>& metadata = {});

// Parameters and buffers under the names of Python's state_dict and in its order; they share the
// module's memory.
NamedTensors module_state(const torch::nn::Module& module);

// Copies `stored` into the module, converting between floating types. Strict: a tensor that is
// missing, unexpected or of another shape is Error(format) naming it, a NaN or an infinity is
// Error(data) naming it, and nothing has been copied then. Only num_batches_tracked may be missing
// (PyTorch files older than 0.4.1 have none).
void load_state(torch::nn::Module& module, const std::vector<StoredTensor>& stored);

}  // namespace espalier
