// What scikit-learn made of one small table; see tests/golden/make_pca_golden.py.
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "espalier/core/files.h"
#include "espalier/tabular/matrix.h"

namespace espalier {

struct PcaGolden {
  nlohmann::json json;
  Matrix<double> x, queries;
  std::vector<int32_t> labels;
  std::vector<double> target;

  PcaGolden() {
    json = nlohmann::json::parse(
        read_file(fs::path(__FILE__).parent_path().parent_path() / "golden" / "pca_golden.json"));
    x = Matrix<double>(json["rows"], json["columns"]);
    x.values = json["x"].get<std::vector<double>>();
    queries = Matrix<double>(json["queries_rows"], json["columns"]);
    queries.values = json["queries"].get<std::vector<double>>();
    labels = json["labels"].get<std::vector<int32_t>>();
    target = json["target"].get<std::vector<double>>();
  }
};

inline Matrix<float> in_floats(const Matrix<double>& x) {
  Matrix<float> out(x.rows, x.columns);
  for (size_t i = 0; i < x.values.size(); ++i) out.values[i] = static_cast<float>(x.values[i]);
  return out;
}

template <class T, class Numbers>
void expect_near(const std::vector<T>& got, const Numbers& wanted, double tolerance) {
  ASSERT_EQ(got.size(), wanted.size());
  ASSERT_GT(got.size(), 0u);
  for (size_t i = 0; i < got.size(); ++i) {
    const double want = wanted[i];
    EXPECT_NEAR(got[i], want, tolerance * std::max(1.0, std::abs(want))) << i;
  }
}

}  // namespace espalier
