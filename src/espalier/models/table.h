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
  int64_t input_size;        // side in pixels that the published figures use: 224, 32
  int64_t parameters, macs;  // of one image of that size, with the config's own classes
  bool any_size;             // its traced graph takes other image sizes than the traced one
  // `overrides` holds any of the family's config keys; unknown keys are Error(usage) offering the
  // nearest.
  std::function<ImageModelPtr(const nlohmann::json& overrides)> make;
};

const std::vector<ModelRow>& model_table();

// The row that is meant by a name under which timm publishes weights of the same net
// ("vit_small_patch16_224" is our vit_small); other names as they are.
std::string our_model_name(const std::string& published);

// A row and settings of its family: "mobilenet_v2", "mobilenet_v2:width=0.5,dropout=0". Lists stand in brackets. Throws
// Error(usage) for an unknown row, offering the nearest, and for a setting without a value; make_model() looks at the
// settings themselves.
struct ModelChoice {
  std::string name;
  nlohmann::json arguments = nlohmann::json::object();
};
ModelChoice parse_model(const std::string& text);

// Sets name and arguments of what it makes. Throws Error(usage) for an unknown name.
ImageModelPtr make_model(const std::string& name,
                         const nlohmann::json& overrides = nlohmann::json::object());

}  // namespace espalier
