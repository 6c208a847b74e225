// A trained classifier as an int8 file, calibrated on its training pictures and scored on its validation
// pictures beside the network it came from.
//
//   Int8Classifier int8 = quantise_classifier(load_model("runs/a"), splits, {}, "runs/a/model-int8.onnx");
#pragma once

#include <optional>

#include <nlohmann/json_fwd.hpp>

#include "espalier/data/splits.h"
#include "espalier/deploy/export.h"
#include "espalier/metrics/scores.h"
#include "espalier/models/model_file.h"

namespace espalier {

struct Int8Classifier {
  Int8Report report;
  std::optional<Score> accuracy, accuracy_float;  // on the validation part, where there is one
};

// The first config.calibrate training pictures of a fixed random order, as evaluation prepares them, set the
// ranges. Warns when the accuracy falls by more than half a point. Throws as export_int8; Error(data)
// without training pictures.
Int8Classifier quantise_classifier(const LoadedModel& model,
                                   const Splits& splits,
                                   const QuantiseConfig& config,
                                   const fs::path& path);

// int8_layers, int8_in_float (node: why), int8_bytes, int8_same_answers; where there are validation pictures,
// int8_accuracy, int8_accuracy_interval and the same of the float network (accuracy_float, ...).
nlohmann::ordered_json to_json(const Int8Classifier& int8);

}  // namespace espalier
