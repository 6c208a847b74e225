// Minimal cost-complexity pruning: Breiman, Friedman, Olshen, Stone: Classification and Regression Trees (1984), ch. 3.
#include <algorithm>
#include <limits>

#include "espalier/core/error.h"
#include "espalier/tabular/tree.h"

namespace espalier {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

class Pruner {
 public:
  explicit Pruner(const Tree& tree)
      : tree_(tree),
        parent_(tree.nodes.size(), -1),
        leaf_(tree.nodes.size()),
        dropped_(tree.nodes.size()),
        below_(tree.nodes.size()),
        leaves_(tree.nodes.size()) {
    for (size_t i = 0; i < tree.nodes.size(); ++i)
      if (const TreeNode& node = tree.nodes[i]; node.feature >= 0)
        parent_[static_cast<size_t>(node.left)] = parent_[static_cast<size_t>(node.right)] =
            static_cast<int32_t>(i);
    for (size_t i = tree.nodes.size(); i-- > 0;) {
      const TreeNode& node = tree.nodes[i];
      leaf_[i] = node.feature < 0;
      below_[i] = leaf_[i] ? risk(i) : below(node.left) + below(node.right);
      leaves_[i] = leaf_[i] ? 1 : leaves(node.left) + leaves(node.right);
    }
  }

  // The link whose loss by a leaf saved is smallest, the first of equals.
  struct Link {
    int32_t node = -1;
    double alpha = kNever;
  };
  Link weakest() const {
    Link found;
    for (size_t i = 0; i < leaf_.size(); ++i) {
      if (leaf_[i] || dropped_[i]) continue;
      const double alpha = (risk(i) - below_[i]) / static_cast<double>(leaves_[i] - 1);
      if (alpha < found.alpha) found = {static_cast<int32_t>(i), alpha};
    }
    return found;
  }

  void cut(int32_t node) {
    const auto at = static_cast<size_t>(node);
    const double lost = risk(at) - below_[at];
    const int64_t fewer = leaves_[at] - 1;
    std::vector<int32_t> open{tree_.nodes[at].left, tree_.nodes[at].right};
    while (!open.empty()) {
      const auto i = static_cast<size_t>(open.back());
      open.pop_back();
      dropped_[i] = true;
      if (leaf_[i]) continue;
      open.push_back(tree_.nodes[i].left);
      open.push_back(tree_.nodes[i].right);
    }
    leaf_[at] = true;
    for (int32_t i = node; i >= 0; i = parent_[static_cast<size_t>(i)]) {
      below_[static_cast<size_t>(i)] += lost;
      leaves_[static_cast<size_t>(i)] -= fewer;
    }
  }

  double impurity() const { return below_[0]; }

  Tree rest() const {
    Tree kept{.features = tree_.features, .classes = tree_.classes, .nodes = {}, .values = {}};
    std::vector<int32_t> place(tree_.nodes.size());
    const auto outputs = static_cast<size_t>(tree_.outputs());
    for (size_t i = 0; i < tree_.nodes.size(); ++i) {
      if (dropped_[i]) continue;
      place[i] = static_cast<int32_t>(kept.nodes.size());
      kept.nodes.push_back(tree_.nodes[i]);
      if (leaf_[i]) {
        TreeNode& node = kept.nodes.back();
        node.feature = -1;
        node.left = node.right = 0;
        node.threshold = 0;
        node.missing_left = false;
      }
      const double* value = tree_.values.data() + i * outputs;
      kept.values.insert(kept.values.end(), value, value + outputs);
    }
    for (TreeNode& node : kept.nodes)
      if (node.feature >= 0) {
        node.left = place[static_cast<size_t>(node.left)];
        node.right = place[static_cast<size_t>(node.right)];
      }
    return kept;
  }

 private:
  double risk(size_t i) const {
    return tree_.nodes[i].impurity * tree_.nodes[i].weight / tree_.nodes[0].weight;
  }
  double below(int32_t i) const { return below_[static_cast<size_t>(i)]; }
  int64_t leaves(int32_t i) const { return leaves_[static_cast<size_t>(i)]; }

  const Tree& tree_;
  std::vector<int32_t> parent_;
  std::vector<uint8_t> leaf_, dropped_;
  std::vector<double> below_;    // impurity of the leaves below
  std::vector<int64_t> leaves_;  // and their number
};

}  // namespace

Tree pruned(const Tree& tree, double alpha) {
  if (!(alpha >= 0)) fail(Kind::usage, "ccp_alpha is {}, below 0", alpha);
  Pruner pruner(tree);
  for (auto link = pruner.weakest(); link.node >= 0 && link.alpha <= alpha; link = pruner.weakest())
    pruner.cut(link.node);
  return pruner.rest();
}

PruningPath pruning_path(const Tree& tree) {
  Pruner pruner(tree);
  PruningPath path{{0}, {pruner.impurity()}};
  for (auto link = pruner.weakest(); link.node >= 0; link = pruner.weakest()) {
    // Links that are equally weak are one step.
    const double alpha = std::max(link.alpha, path.alpha.back());
    pruner.cut(link.node);
    if (alpha <= path.alpha.back() + std::numeric_limits<double>::epsilon()) {
      path.impurity.back() = pruner.impurity();
      continue;
    }
    path.alpha.push_back(alpha);
    path.impurity.push_back(pruner.impurity());
  }
  return path;
}

}  // namespace espalier
