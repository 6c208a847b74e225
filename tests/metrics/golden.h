// The values that tests of metrics compare with: tests/golden/<name>.json.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "espalier/core/files.h"

namespace espalier {

inline nlohmann::json read_golden(const std::string& name) {
  return nlohmann::json::parse(
      read_file(fs::path(__FILE__).parent_path().parent_path() / "golden" / (name + ".json")));
}

// To 1e-12 of the value; null is infinity.
inline void expect_value(double ours, const nlohmann::json& theirs, const std::string& what) {
  if (theirs.is_null()) {
    EXPECT_EQ(ours, std::numeric_limits<double>::infinity()) << what;
    return;
  }
  const double value = theirs.get<double>();
  EXPECT_NEAR(ours, value, 1e-12 * std::max(1.0, std::abs(value))) << what;
}

inline void expect_values(const std::vector<double>& ours,
                          const nlohmann::json& theirs,
                          const std::string& what) {
  ASSERT_EQ(ours.size(), theirs.size()) << what;
  for (size_t i = 0; i < ours.size(); ++i)
    expect_value(ours[i], theirs[i], what + " " + std::to_string(i));
}

}  // namespace espalier
