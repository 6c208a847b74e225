// last.ckpt: named tensors and a JSON object in one safetensors file, written atomically. Restoring
// copies into the tensors that exist, so whatever shares their storage sees the values.
#pragma once

#include <nlohmann/json.hpp>

#include "espalier/core/files.h"
#include "espalier/tensor/stored.h"

namespace espalier {

void write_checkpoint(const fs::path& path,
                      const NamedTensors& tensors,
                      const nlohmann::json& state);

// Copies the file's tensors into `tensors` and returns the JSON object. Throws Error(format) naming
// a tensor that is missing, unexpected, or of another shape or type; nothing is copied then.
nlohmann::json read_checkpoint(const fs::path& path, const NamedTensors& tensors);

// The JSON object alone.
nlohmann::json read_checkpoint_state(const fs::path& path);

}  // namespace espalier
