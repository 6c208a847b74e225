#include "espalier/tabular/forest.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>
#include <unistd.h>

#include "espalier/core/error.h"

#include "tests/expect_error.h"
#include "tests/tabular/tree_golden.h"

namespace espalier {
namespace {

double mean_of(const nlohmann::json& numbers) {
  double sum = 0;
  for (const auto& number : numbers) sum += number.get<double>();
  return sum / static_cast<double>(numbers.size());
}

// Forests are random; ours has to be as good as scikit-learn's over seeds.
TEST(Forest, IsAsGoodAsScikitLearns) {
  const TreeGolden golden;
  const auto& wanted = golden.json["forest"];
  Matrix<float> test(1000, golden.x.columns);
  test.values = wanted["test"].get<std::vector<float>>();
  const auto truth = wanted["test_labels"].get<std::vector<int32_t>>();
  double accuracy = 0, out_of_bag = 0, numbers = 0;
  std::vector<double> importance(5);
  constexpr int64_t kSeeds = 6;
  for (int64_t seed = 0; seed < kSeeds; ++seed) {
    ForestConfig config;
    config.tree.seed = seed;
    config.tree.max_features = 2;
    const Forest forest = fit_forest(config, golden.x.view(), golden.labels, 3);
    const std::vector<int32_t> guess = forest.predict(test.view());
    for (size_t i = 0; i < truth.size(); ++i) accuracy += guess[i] == truth[i];
    out_of_bag += forest.out_of_bag;
    const std::vector<double> shares = forest.importance();
    for (size_t k = 0; k < shares.size(); ++k) importance[k] += shares[k] / kSeeds;
    config.tree.max_features = 1;
    numbers += fit_regression_forest(config, golden.x.view(), golden.target).out_of_bag;
  }
  EXPECT_NEAR(accuracy / 1000 / kSeeds, mean_of(wanted["accuracy"]), 0.012);
  EXPECT_NEAR(out_of_bag / kSeeds, mean_of(wanted["out_of_bag"]), 0.015);
  EXPECT_NEAR(numbers / kSeeds, mean_of(wanted["regression_out_of_bag"]), 0.02);
  for (size_t k = 0; k < importance.size(); ++k)
    EXPECT_NEAR(importance[k], wanted["importance"][k].get<double>(), 0.02) << k;
}

TEST(Forest, IsTheSameForAnyNumberOfThreadsAndThroughAFile) {
  const TreeGolden golden;
  for (const bool weighted : {false, true})
    for (const std::string engine : {"exact", "histogram"}) {
      ForestConfig config{.tree = {.engine = engine, .seed = 5}, .trees = 13, .threads = 1};
      auto fit = [&] {
        return fit_forest(config, golden.holes.view(), golden.labels, 3,
                          weighted ? golden.weights : std::vector<double>{});
      };
      const Forest one = fit();
      config.threads = 3;
      const Forest three = fit();
      const Matrix<double> shares = one.predict_proba(golden.holes.view(), 1);
      EXPECT_EQ(shares.values, three.predict_proba(golden.holes.view(), 3).values);
      EXPECT_EQ(one.out_of_bag, three.out_of_bag);
      EXPECT_NE(one.trees[0].nodes.size(), one.trees[1].nodes.size());  // they are not all one tree
      const fs::path path = fs::temp_directory_path() / fmt::format("forest-{}.st", getpid());
      save_forest(path, one);
      const Forest read = load_forest(path);
      EXPECT_EQ(read.predict_proba(golden.holes.view()).values, shares.values);
      EXPECT_EQ(read.out_of_bag, one.out_of_bag);
      const std::string bytes = read_file(path);
      write_file_atomic(path, std::string_view(bytes).substr(0, bytes.size() - 100));
      expect_error([&] { load_forest(path); }, Kind::format, path.string());
      fs::remove(path);
    }
}

TEST(Forest, WithoutBootstrapAndDrawnColumnsEveryTreeIsTheTree) {
  const TreeGolden golden;
  const ForestConfig config{
      .tree = {.criterion = "entropy", .min_samples_leaf = 25, .max_features = 5},
      .trees = 3,
      .bootstrap = false};
  const Forest forest = fit_forest(config, golden.x.view(), golden.labels, 3);
  EXPECT_TRUE(std::isnan(forest.out_of_bag));
  const Tree tree = fit_tree({.min_samples_leaf = 25}, golden.x.view(), golden.labels, 3);
  for (const Tree& each : forest.trees) EXPECT_EQ(each.values, tree.values);
}

TEST(Forest, BadInputIsNamed) {
  const TreeGolden golden;
  expect_error([&] { fit_forest({.trees = 0}, golden.x.view(), golden.labels, 3); }, Kind::usage,
               "0 trees");
  expect_error([&] { fit_forest({}, golden.x.view(), std::vector<int32_t>(3), 3); }, Kind::data,
               "600 rows but 3 targets");
  const Forest forest = fit_forest({.trees = 2}, golden.x.view(), golden.labels, 3);
  expect_error([&] { forest.predict(Matrix<float>(2, 4).view()); }, Kind::data, "5 columns, not 4");
  expect_error([&] { forest.predict_value(golden.x.view()); }, Kind::usage, "classes");
}

}  // namespace
}  // namespace espalier
