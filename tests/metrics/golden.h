// The values that tests of metrics compare with: tests/golden/<name>.json.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "espalier/core/files.h"

namespace espalier {

inline nlohmann::json read_golden(const std::string& name) {
  return nlohmann::json::parse(
      read_file(fs::path(__FILE__).parent_path().parent_path() / "golden" / (name + ".json")));
}

}  // namespace espalier
