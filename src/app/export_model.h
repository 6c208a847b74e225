// A model as a checked ONNX file, and the record of the check.
#pragma once

#include <nlohmann/json.hpp>

#include "espalier/core/files.h"
#include "espalier/deploy/quantise.h"
#include "espalier/models/model_file.h"

namespace espalier {

// Writes `file`, and export.json beside it when it is a run's own model.onnx; returns what export.json holds:
// onnx, onnx_max_abs_diff, nodes, bytes, opset, folded_norms.
nlohmann::ordered_json export_model(const LoadedModel& model, const fs::path& file);

// The same in eight bits, calibrated on the training pictures of `data` (splits.h), or of what the run in
// `run` was trained on; without either, of a model with random weights, on random numbers. Returns onnx and
// what to_json(Int8Classifier) says; beside a run's own model-int8.onnx it writes that to export-int8.json.
nlohmann::ordered_json export_int8_model(const LoadedModel& model,
                                         const fs::path& run,
                                         const std::string& data,
                                         const QuantiseConfig& config,
                                         const fs::path& file);

}  // namespace espalier
