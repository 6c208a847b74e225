// Random forests (Breiman 2001): trees on bootstrap samples that draw the columns they may split by at each node;
// a forest answers the mean of what its trees answer.
//
//   Forest forest = fit_forest({.trees = 100}, x.view(), labels, /*classes=*/5);
//   Matrix<double> shares = forest.predict_proba(test.view());
//   double accuracy = forest.out_of_bag;   // on samples that a tree did not see: no other data needed
//
// Tree number t draws from a random stream of its own, so the forest is the same for any number of threads.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "espalier/core/fields.h"
#include "espalier/core/files.h"
#include "espalier/tabular/matrix.h"
#include "espalier/tabular/tree.h"

namespace espalier {

struct ForestConfig {
  // Of each tree. max_features 0 is here the square root of the number of columns for classes, a third of them for
  // numbers, rounded down, at least one (as Breiman advises).
  TreeConfig tree = {.criterion = "gini"};
  int64_t trees = 100;
  bool bootstrap =
      true;  // each tree learns from as many samples as there are, drawn with replacement
  bool out_of_bag = true;  // judge the forest by the samples that its trees did not see
  int64_t threads = 0;     // 0: those of the machine
};
// The trees' too.
Fields fields(ForestConfig& config);

struct Forest {
  std::vector<Tree> trees;
  // Accuracy, or R squared, over the samples that some tree did not learn from, each judged by the trees that did not;
  // NaN where that is off, without bootstrap, and where every tree saw every sample.
  double out_of_bag = 0;

  int64_t features() const { return trees[0].features; }
  int64_t classes() const { return trees[0].classes; }

  // As those of Tree: classes by the largest mean share, the lowest class of equals.
  std::vector<int32_t> predict(MatrixView<float> x, int64_t threads = 0) const;
  Matrix<double> predict_proba(MatrixView<float> x, int64_t threads = 0) const;
  std::vector<double> predict_value(MatrixView<float> x, int64_t threads = 0) const;
  std::vector<double> importance() const;  // mean of the trees', as shares of 1
};

// Arguments and errors as fit_tree()'s; Error(interrupted) on Ctrl-C.
Forest fit_forest(const ForestConfig& config,
                  MatrixView<float> x,
                  std::span<const int32_t> labels,
                  int64_t classes,
                  std::span<const double> weights = {});
Forest fit_regression_forest(const ForestConfig& config,
                             MatrixView<float> x,
                             std::span<const double> target,
                             std::span<const double> weights = {});

void save_forest(const fs::path& path, const Forest& forest);
// Throws Error(io | format) as load_tree().
Forest load_forest(const fs::path& path);

}  // namespace espalier
