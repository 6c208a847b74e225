// Decision trees (CART, Breiman et al. 1984): binary splits `x[feature] <= threshold` chosen greedily by
// entropy, Gini index or squared error.
//
//   Tree tree = fit_tree({.max_depth = 8}, x.view(), labels, /*classes=*/5);
//   std::vector<int32_t> guess = tree.predict(test.view());
//   say(tree_text(tree, feature_names, class_names));   // tabular/tree_draw.h
//
// The trees are those of scikit-learn where no two splits of a node are equally good. Where some are, ours
// takes the lowest feature and of that the lowest threshold (scikit-learn draws); with max_features, the feature drawn
// first. So data and configuration alone decide the tree.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "espalier/core/fields.h"
#include "espalier/core/files.h"
#include "espalier/tabular/matrix.h"

namespace espalier {

struct TreeConfig {
  std::string criterion = "entropy";  // of classes, in bits; or "gini". Numbers: squared error
  int64_t max_depth = 0;              // 0: no limit
  int64_t min_samples_split = 2, min_samples_leaf = 1;
  double min_weight_leaf = 0;  // as a share of all weight
  double min_impurity_decrease =
      0;                        // (weight of node / all weight) (impurity - impurity of its halves)
  int64_t max_leaf_nodes = 0;   // 0: no limit; else the split of largest decrease comes first
  int64_t max_features = 0;     // drawn anew at each node; 0: all
  double ccp_alpha = 0;         // cost-complexity pruning; see pruned()
  std::string engine = "auto";  // "exact", "histogram" (at most `bins` thresholds a feature)
  int64_t bins = 255;           // 2..255
  int64_t seed = 0;             // of the drawn features
};
Fields fields(TreeConfig& config);

struct TreeNode {
  int32_t feature = -1;  // -1: a leaf
  int32_t left = 0, right = 0;
  bool missing_left = false;  // where a NaN goes
  double threshold = 0;       // x <= threshold goes left
  double impurity = 0;
  double weight = 0;
  int64_t samples = 0;
};

struct Tree {
  int64_t features = 0;
  int64_t classes = 0;  // 0: a regression tree
  std::vector<TreeNode>
      nodes;  // the root first; depth first, left first, or as the best-first order made them
  std::vector<double> values;  // nodes x outputs(): shares of the classes, or the mean

  int64_t outputs() const { return classes > 0 ? classes : 1; }
  int64_t depth() const;  // edges on the longest way from the root
  int64_t leaves() const;

  // Node in which this row of `features` numbers ends.
  int32_t leaf(const float* row) const;
  std::vector<int32_t> apply(MatrixView<float> x) const;

  // The class of the largest share, the lowest one of equals. Error(usage) for a regression tree.
  std::vector<int32_t> predict(MatrixView<float> x) const;
  Matrix<double> predict_proba(MatrixView<float> x) const;
  // The mean of the leaf. Error(usage) for a tree of classes.
  std::vector<double> predict_value(MatrixView<float> x) const;

  // What the splits by each feature took off the impurity, as shares of 1 (all 0 for a lone root).
  std::vector<double> importance() const;
};

// labels: 0..classes-1, one a row; weights >= 0, one a row or none (all 1). x may hold NaN for "missing", which
// each split sends to the side that is better for it; not infinities. Throws Error(data) for no rows, sizes that
// differ, a label, weight or value out of range (the row is named), Error(usage) for a wrong config,
// Error(unsupported) for a table too large for the exact engine.
Tree fit_tree(const TreeConfig& config,
              MatrixView<float> x,
              std::span<const int32_t> labels,
              int64_t classes,
              std::span<const double> weights = {});
Tree fit_regression_tree(const TreeConfig& config,
                         MatrixView<float> x,
                         std::span<const double> target,
                         std::span<const double> weights = {});

// Minimal cost-complexity pruning: while the weakest link's (R(node) - R(leaves below)) / (leaves - 1) is at most
// `alpha`, it becomes a leaf; R is impurity times share of weight (Breiman et al., ch. 3).
Tree pruned(const Tree& tree, double alpha);

// The alphas at which pruning takes a further link, rising from 0, and the summed impurity of the leaves then.
struct PruningPath {
  std::vector<double> alpha, impurity;
};
PruningPath pruning_path(const Tree& tree);

// model.safetensors-style files; the tensors are named nodes.feature, nodes.threshold ... values.
void save_tree(const fs::path& path, const Tree& tree);
// Throws Error(io); Error(format) for a damaged file, naming tensor and node.
Tree load_tree(const fs::path& path);

}  // namespace espalier
