// Values of fields from text and from JSON, and back: the part of fields.cpp that knows the seven types.
//
//   parse_value(field, "30");   assign_value(field, json["epochs"]);   value_text(field);   value_toml(field);
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "espalier/core/fields.h"

namespace espalier {

// Both throw Error(usage) that names the key, and leave the old value then.
void parse_value(const Field& field, std::string_view text);
void assign_value(const Field& field, const nlohmann::json& value);

std::string value_text(const Field& field);
std::string value_toml(const Field& field);

}  // namespace espalier
