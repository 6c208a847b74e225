// A model as a checked ONNX file, and the record of the check.
#pragma once

#include <nlohmann/json.hpp>

#include "espalier/core/files.h"
#include "espalier/models/model_file.h"

namespace espalier {

// Writes `file`, and export.json beside it when it is a run's own model.onnx; returns what export.json holds:
// onnx, onnx_max_abs_diff, nodes, bytes, opset, folded_norms.
nlohmann::ordered_json export_model(const LoadedModel& model, const fs::path& file);

}  // namespace espalier
