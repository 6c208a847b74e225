// The explicit table of model names. A new backbone is one file pair and one row here
// (docs/adding-a-model.md).
//
//   ImageModelPtr net = make_model("resnet18", {{"classes", 40}});
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "espalier/models/model.h"

namespace espalier {

struct ModelRow {
  std::string name, help;
  int64_t input_size;  // side in pixels that the published figures use: 224, 32
  // `overrides` holds any of the family's config keys; unknown keys are Error(usage) offering the
  // nearest.
  std::function<ImageModelPtr(const nlohmann::json& overrides)> make;
};

const std::vector<ModelRow>& model_table();

// Sets name and arguments of what it makes. Throws Error(usage) for an unknown name.
ImageModelPtr make_model(const std::string& name,
                         const nlohmann::json& overrides = nlohmann::json::object());

}  // namespace espalier
