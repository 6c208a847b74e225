// The storage classes of PyTorch and the names that their numbers have in our vocabulary.
#pragma once

#include <string_view>

namespace espalier {

struct TorchType {
  const char* storage;  // "FloatStorage", of module torch
  const char* dtype;    // "F32" (format/stored_tensor.h); "" for those that are not read
};

// By the global's name, "torch.FloatStorage"; null for what is no storage.
const TorchType* torch_storage_type(std::string_view global);

// By our name, "F32"; null where PyTorch has no class for it.
const TorchType* torch_type_of(std::string_view dtype);

}  // namespace espalier
