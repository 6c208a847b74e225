#include "espalier/tabular/tree.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "espalier/core/error.h"
#include "espalier/tabular/tree_exact.h"
#include "espalier/tabular/tree_fit.h"
#include "espalier/tabular/tree_histogram.h"

namespace espalier {

Fields fields(TreeConfig& c) {
  constexpr double kMost = 1e9;
  return {
      field("criterion", c.criterion, "what a split of classes should lower")
          .one_of({"entropy", "gini"}),
      field("max_depth", c.max_depth, "splits on the longest way; 0: no limit").between(0, kMost),
      field("min_samples_split", c.min_samples_split, "samples of a node that may be split")
          .between(2, kMost),
      field("min_samples_leaf", c.min_samples_leaf, "samples of each half").between(1, kMost),
      field("min_weight_leaf", c.min_weight_leaf, "weight of each half, as a share of all")
          .between(0, 0.5),
      field("min_impurity_decrease", c.min_impurity_decrease, "what a split must gain")
          .between(0, kMost),
      field("max_leaf_nodes", c.max_leaf_nodes, "leaves, the most useful splits first; 0: no limit")
          .between(0, kMost),
      field("max_features", c.max_features, "columns drawn at each node; 0: all").between(0, kMost),
      field("ccp_alpha", c.ccp_alpha, "cost of a leaf in cost-complexity pruning")
          .between(0, kMost),
      field("engine", c.engine,
            "exact tries every cut, histogram at most `bins` a column; "
            "auto: exact up to a million rows")
          .one_of({"auto", "exact", "histogram"}),
      field("bins", c.bins, "of the histogram engine").between(2, 255),
      field("seed", c.seed, "of the drawn columns").between(0, 9e15),
  };
}

int64_t Tree::depth() const {
  std::vector<int64_t> deep(nodes.size());
  int64_t most = 0;
  for (size_t i = 0; i < nodes.size(); ++i) {  // children stand behind their parents
    most = std::max(most, deep[i]);
    if (nodes[i].feature < 0) continue;
    deep[static_cast<size_t>(nodes[i].left)] = deep[static_cast<size_t>(nodes[i].right)] =
        deep[i] + 1;
  }
  return most;
}

int64_t Tree::leaves() const {
  return std::count_if(nodes.begin(), nodes.end(), [](const TreeNode& n) { return n.feature < 0; });
}

int32_t Tree::leaf(const float* row) const {
  int32_t at = 0;
  for (;;) {
    const TreeNode& node = nodes[static_cast<size_t>(at)];
    if (node.feature < 0) return at;
    const float value = row[node.feature];
    const bool left = value <= node.threshold || (node.missing_left && std::isnan(value));
    at = left ? node.left : node.right;
  }
}

std::vector<int32_t> Tree::apply(MatrixView<float> x) const {
  if (x.columns != features)
    fail(Kind::data, "the tree was fitted to {} columns, not {}", features, x.columns);
  std::vector<int32_t> at(static_cast<size_t>(x.rows));
  for (int64_t r = 0; r < x.rows; ++r) at[static_cast<size_t>(r)] = leaf(x.row(r));
  return at;
}

std::vector<int32_t> Tree::predict(MatrixView<float> x) const {
  if (classes == 0) fail(Kind::usage, "a regression tree predicts numbers, not classes");
  std::vector<int32_t> best(nodes.size());
  for (size_t i = 0; i < nodes.size(); ++i) {
    const double* share = values.data() + i * static_cast<size_t>(classes);
    best[i] = static_cast<int32_t>(std::max_element(share, share + classes) - share);
  }
  std::vector<int32_t> guess = apply(x);
  for (int32_t& g : guess) g = best[static_cast<size_t>(g)];
  return guess;
}

Matrix<double> Tree::predict_proba(MatrixView<float> x) const {
  if (classes == 0) fail(Kind::usage, "a regression tree predicts numbers, not classes");
  Matrix<double> shares(x.rows, classes);
  const std::vector<int32_t> at = apply(x);
  for (int64_t r = 0; r < x.rows; ++r)
    std::copy_n(values.data() + at[static_cast<size_t>(r)] * classes, classes, shares.row(r));
  return shares;
}

std::vector<double> Tree::predict_value(MatrixView<float> x) const {
  if (classes > 0) fail(Kind::usage, "a tree of classes predicts no numbers");
  std::vector<double> guess;
  for (const int32_t at : apply(x)) guess.push_back(values[static_cast<size_t>(at)]);
  return guess;
}

std::vector<double> Tree::importance() const {
  std::vector<double> gain(static_cast<size_t>(features));
  for (const TreeNode& node : nodes) {
    if (node.feature < 0) continue;
    const TreeNode &left = nodes[static_cast<size_t>(node.left)],
                   &right = nodes[static_cast<size_t>(node.right)];
    gain[static_cast<size_t>(node.feature)] +=
        node.weight * node.impurity - left.weight * left.impurity - right.weight * right.impurity;
  }
  const double all = std::accumulate(gain.begin(), gain.end(), 0.0);
  if (all > 0)
    for (double& g : gain) g /= all;
  return gain;
}

void check_tree_config(const TreeConfig& config, int64_t features) {
  TreeConfig copy = config;
  for (const Field& f : fields(copy)) set_field({f}, f.name, field_text(f));  // ranges and words
  if (config.max_features > features)
    fail(Kind::usage, "max_features is {}, but there are {} columns", config.max_features,
         features);
  if (config.max_leaf_nodes == 1) fail(Kind::usage, "max_leaf_nodes is 1: a tree has 2 or more");
}

void check_tree_target(MatrixView<float> x, const TreeTarget& target) {
  const auto rows = static_cast<size_t>(x.rows);
  if (x.rows < 1 || x.columns < 1)
    fail(Kind::data, "a table of {} rows and {} columns teaches nothing", x.rows, x.columns);
  const size_t given = target.classes > 0 ? target.labels.size() : target.values.size();
  if (given != rows) fail(Kind::data, "{} rows but {} targets", x.rows, given);
  if (!target.weights.empty() && target.weights.size() != rows)
    fail(Kind::data, "{} rows but {} weights", x.rows, target.weights.size());
  double all = target.weights.empty() ? 1 : 0;
  for (size_t r = 0; r < rows; ++r) {
    if (target.classes > 0 && (target.labels[r] < 0 || target.labels[r] >= target.classes))
      fail(Kind::data, "row {}: class {} is outside 0..{}", r + 1, target.labels[r],
           target.classes - 1);
    if (target.classes == 0 && !std::isfinite(target.values[r]))
      fail(Kind::data, "row {}: the target {} is not finite", r + 1, target.values[r]);
    if (target.weights.empty()) continue;
    if (!(target.weights[r] >= 0) || !std::isfinite(target.weights[r]))
      fail(Kind::data, "row {}: the weight {} is not a number from 0 up", r + 1, target.weights[r]);
    all += target.weights[r];
  }
  if (!(all > 0)) fail(Kind::data, "all weights are 0");
}

bool takes_histograms(const TreeConfig& config, int64_t rows) {
  return config.engine == "histogram" || (config.engine == "auto" && rows > 1'000'000);
}

namespace {

Tree fit(const TreeConfig& config, MatrixView<float> x, const TreeTarget& target) {
  check_tree_target(x, target);
  check_tree_config(config, x.columns);
  std::vector<uint32_t> samples;
  for (int64_t r = 0; r < x.rows; ++r)
    if (target.weights.empty() || target.weights[static_cast<size_t>(r)] > 0)
      samples.push_back(static_cast<uint32_t>(r));
  const Random random(static_cast<uint64_t>(config.seed));
  if (takes_histograms(config, x.rows)) {
    const BinnedTable table = bin_columns(x, config.bins);
    return grow_tree(config, *make_histogram_engine(config, table, target, samples, random),
                     x.columns, target.classes);
  }
  const RankedTable table(x);
  return grow_tree(config, *make_exact_engine(config, table, target, samples, random), x.columns,
                   target.classes);
}

}  // namespace

Tree fit_tree(const TreeConfig& config,
              MatrixView<float> x,
              std::span<const int32_t> labels,
              int64_t classes,
              std::span<const double> weights) {
  if (classes < 1) fail(Kind::usage, "a tree of {} classes", classes);
  return fit(config, x,
             {.classes = classes, .labels = labels, .values = {}, .weights = weights, .times = {}});
}

Tree fit_regression_tree(const TreeConfig& config,
                         MatrixView<float> x,
                         std::span<const double> target,
                         std::span<const double> weights) {
  return fit(config, x,
             {.classes = 0, .labels = {}, .values = target, .weights = weights, .times = {}});
}

}  // namespace espalier
