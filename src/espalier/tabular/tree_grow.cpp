#include "espalier/tabular/tree_grow.h"

#include <algorithm>
#include <limits>
#include <queue>

namespace espalier {
namespace {

constexpr double kTiny = std::numeric_limits<double>::epsilon();

struct Open {
  int32_t node;
  int64_t begin, end, depth;
  double decrease = 0;
  Split split = {};
};

struct LessUrgent {
  bool operator()(const Open& a, const Open& b) const {
    return a.decrease != b.decrease ? a.decrease < b.decrease : a.node > b.node;
  }
};

class Grower {
 public:
  Grower(const TreeConfig& config, SplitEngine& engine, int64_t features, int64_t classes)
      : config_(config), engine_(engine) {
    tree_.features = features;
    tree_.classes = classes;
    const NodeFacts root = engine.facts();
    all_weight_ = root.weight;
    add(root);
  }

  Tree depth_first() {
    std::vector<Open> open{root()};
    while (!open.empty()) {
      Open at = std::move(open.back());
      open.pop_back();
      if (!find(at)) continue;
      auto [left, right] = split(at);
      open.push_back(std::move(right));
      open.push_back(std::move(left));
    }
    return in_preorder();
  }

  Tree best_first() {
    std::priority_queue<Open, std::vector<Open>, LessUrgent> open;
    auto offer = [&](Open at) {
      if (find(at)) open.push(std::move(at));
    };
    offer(root());
    for (int64_t leaves = 1; leaves < config_.max_leaf_nodes && !open.empty(); ++leaves) {
      Open at = open.top();
      open.pop();
      auto [left, right] = split(at);
      offer(std::move(left));
      offer(std::move(right));
    }
    return std::move(tree_);
  }

 private:
  Open root() const { return {.node = 0, .begin = 0, .end = engine_.size(), .depth = 0}; }

  int32_t add(const NodeFacts& facts) {
    tree_.nodes.push_back(
        {.impurity = facts.impurity, .weight = facts.weight, .samples = facts.samples});
    tree_.values.insert(tree_.values.end(), facts.value.begin(), facts.value.end());
    return static_cast<int32_t>(tree_.nodes.size()) - 1;
  }

  bool may_split(int64_t samples, double weight, double impurity, int64_t depth) const {
    return !(config_.max_depth > 0 && depth >= config_.max_depth) &&
           samples >= config_.min_samples_split && samples >= 2 * config_.min_samples_leaf &&
           weight >= 2 * config_.min_weight_leaf * all_weight_ && impurity > kTiny;
  }

  bool find(Open& at) {
    const TreeNode& node = tree_.nodes[static_cast<size_t>(at.node)];
    if (!may_split(node.samples, node.weight, node.impurity, at.depth)) return false;
    at.split = engine_.best(at.begin, at.end);
    if (at.split.feature < 0) return false;
    const NodeFacts &left = at.split.left, &right = at.split.right;
    at.decrease = node.weight / all_weight_ *
                  (node.impurity - right.weight / node.weight * right.impurity -
                   left.weight / node.weight * left.impurity);
    return at.decrease + kTiny >= config_.min_impurity_decrease;
  }

  std::pair<Open, Open> split(const Open& at) {
    const int32_t left = add(at.split.left), right = add(at.split.right);
    TreeNode& node = tree_.nodes[static_cast<size_t>(at.node)];
    node.feature = at.split.feature;
    node.threshold = at.split.threshold;
    node.missing_left = at.split.missing_left;
    node.left = left;
    node.right = right;
    auto open = [&](const NodeFacts& half) {
      return may_split(half.samples, half.weight, half.impurity, at.depth + 1);
    };
    engine_.divide(at.begin, at.end, at.split, open(at.split.left), open(at.split.right));
    const int64_t middle = at.begin + at.split.left.samples;
    return {Open{left, at.begin, middle, at.depth + 1}, Open{right, middle, at.end, at.depth + 1}};
  }

  // Children were added in pairs; a reader expects a node's left half right behind it.
  Tree in_preorder() const {
    Tree sorted{.features = tree_.features, .classes = tree_.classes, .nodes = {}, .values = {}};
    sorted.nodes.reserve(tree_.nodes.size());
    sorted.values.reserve(tree_.values.size());
    const auto outputs = static_cast<size_t>(tree_.outputs());
    struct Place {
      int32_t node, parent;
    };
    std::vector<Place> open{{0, -1}};
    while (!open.empty()) {
      const Place at = open.back();
      open.pop_back();
      const auto place = static_cast<int32_t>(sorted.nodes.size());
      const TreeNode& node = tree_.nodes[static_cast<size_t>(at.node)];
      sorted.nodes.push_back(node);
      const double* value = tree_.values.data() + static_cast<size_t>(at.node) * outputs;
      sorted.values.insert(sorted.values.end(), value, value + outputs);
      if (at.parent >= 0) {
        TreeNode& parent = sorted.nodes[static_cast<size_t>(at.parent)];
        (place == at.parent + 1 ? parent.left : parent.right) = place;
      }
      if (node.feature < 0) continue;
      open.push_back({node.right, place});
      open.push_back({node.left, place});
    }
    return sorted;
  }

  const TreeConfig& config_;
  SplitEngine& engine_;
  Tree tree_;
  double all_weight_ = 0;
};

}  // namespace

Tree grow_tree(const TreeConfig& config, SplitEngine& engine, int64_t features, int64_t classes) {
  Grower grower(config, engine, features, classes);
  Tree tree = config.max_leaf_nodes > 0 ? grower.best_first() : grower.depth_first();
  return config.ccp_alpha > 0 ? pruned(tree, config.ccp_alpha) : tree;
}

}  // namespace espalier
