// What scikit-learn made of one small table; see tests/golden/make_tree_golden.py.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "espalier/core/files.h"
#include "espalier/tabular/tree.h"

namespace espalier {

struct TreeGolden {
  nlohmann::json json;
  Matrix<float> x, holes;  // the same with values missing
  std::vector<int32_t> labels;
  std::vector<double> target, weights;

  TreeGolden() {
    json = nlohmann::json::parse(
        read_file(fs::path(__FILE__).parent_path().parent_path() / "golden" / "tree_golden.json"));
    x = Matrix<float>(json["rows"], json["columns"]);
    x.values = json["x"].get<std::vector<float>>();
    labels = json["labels"].get<std::vector<int32_t>>();
    target = json["target"].get<std::vector<double>>();
    weights = json["weights"].get<std::vector<double>>();
    holes = x;
    for (const auto& place : json["absent"])
      holes(place[0].get<int64_t>(), place[1].get<int64_t>()) = std::nanf("");
  }

  // The tree that a case asks for.
  Tree fit(const nlohmann::json& wanted) const {
    TreeConfig config{.engine = "exact"};
    nlohmann::json keys = wanted["config"];
    if (keys.contains("min_weight_fraction_leaf")) {
      keys["min_weight_leaf"] = keys["min_weight_fraction_leaf"];
      keys.erase("min_weight_fraction_leaf");
    }
    from_json(fields(config), keys);
    const MatrixView<float> table = wanted["missing"].get<bool>() ? holes.view() : x.view();
    const std::vector<double> none;
    const std::vector<double>& weight = wanted["weighted"].get<bool>() ? weights : none;
    return wanted["classes"].get<int64_t>() > 0
               ? fit_tree(config, table, labels, wanted["classes"], weight)
               : fit_regression_tree(config, table, target, weight);
  }
};

}  // namespace espalier
