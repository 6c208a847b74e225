#include "espalier/tabular/tree_file.h"

#include <cmath>

#include <fmt/format.h>

namespace espalier {
namespace {

constexpr int64_t kMostFeatures = int64_t{1} << 24, kMostClasses = int64_t{1} << 24;

void check_node(
    const ArrayReader& in, size_t tree, size_t place, const TreeNode& node, const Tree& of) {
  auto refuse = [&](const std::string& why) {
    in.refuse(fmt::format("tree {}, node {}: {}", tree, place, why));
  };
  if (node.feature < -1 || node.feature >= of.features)
    refuse(fmt::format("feature {} is outside 0..{}", node.feature, of.features - 1));
  if (std::isnan(node.threshold)) refuse("its threshold is not a number");
  if (node.samples < 0) refuse(fmt::format("{} samples", node.samples));
  if (node.feature < 0) return;
  for (const int32_t child : {node.left, node.right})
    if (child <= static_cast<int64_t>(place) || child >= static_cast<int64_t>(of.nodes.size()))
      refuse(fmt::format("child {} of {} nodes does not stand behind it", child, of.nodes.size()));
}

}  // namespace

void add_trees(ArrayWriter& out, std::span<const Tree> trees) {
  std::vector<int64_t> first{0}, samples;
  std::vector<int32_t> feature, left, right;
  std::vector<uint8_t> missing_left;
  std::vector<double> threshold, impurity, weight, values;
  for (const Tree& tree : trees) {
    for (const TreeNode& node : tree.nodes) {
      feature.push_back(node.feature);
      left.push_back(node.left);
      right.push_back(node.right);
      missing_left.push_back(node.missing_left);
      threshold.push_back(node.threshold);
      impurity.push_back(node.impurity);
      weight.push_back(node.weight);
      samples.push_back(node.samples);
    }
    first.push_back(static_cast<int64_t>(feature.size()));
    values.insert(values.end(), tree.values.begin(), tree.values.end());
  }
  out.set("features", trees[0].features);
  out.set("classes", trees[0].classes);
  out.add("trees.first", first);
  out.add("nodes.feature", feature);
  out.add("nodes.left", left);
  out.add("nodes.right", right);
  out.add("nodes.missing_left", missing_left);
  out.add("nodes.threshold", threshold);
  out.add("nodes.impurity", impurity);
  out.add("nodes.weight", weight);
  out.add("nodes.samples", samples);
  out.add("nodes.value", values, trees[0].outputs());
}

std::vector<Tree> read_trees(const ArrayReader& in) {
  const int64_t features = in.number("features", 1, kMostFeatures),
                classes = in.number("classes", 0, kMostClasses);
  const auto first = in.array<int64_t>("trees.first");
  const auto feature = in.array<int32_t>("nodes.feature");
  const auto nodes = static_cast<int64_t>(feature.size());
  const auto left = in.array<int32_t>("nodes.left", nodes);
  const auto right = in.array<int32_t>("nodes.right", nodes);
  const auto missing_left = in.array<uint8_t>("nodes.missing_left", nodes);
  const auto threshold = in.array<double>("nodes.threshold", nodes, false);
  const auto impurity = in.array<double>("nodes.impurity", nodes);
  const auto weight = in.array<double>("nodes.weight", nodes);
  const auto samples = in.array<int64_t>("nodes.samples", nodes);
  const auto outputs = static_cast<size_t>(std::max<int64_t>(classes, 1));
  const auto values = in.array<double>("nodes.value", nodes * static_cast<int64_t>(outputs));
  if (first.size() < 2 || first.front() != 0 || first.back() != nodes)
    in.refuse("array 'trees.first' does not go from 0 to the number of nodes");
  std::vector<Tree> trees;
  for (size_t t = 0; t + 1 < first.size(); ++t) {
    if (first[t] >= first[t + 1])
      in.refuse(fmt::format("array 'trees.first' does not rise at place {}", t + 1));
    const auto begin = static_cast<size_t>(first[t]), end = static_cast<size_t>(first[t + 1]);
    Tree tree{.features = features, .classes = classes, .nodes = {}, .values = {}};
    tree.nodes.resize(end - begin);
    for (size_t i = begin; i < end; ++i)
      tree.nodes[i - begin] = {.feature = feature[i],
                               .left = left[i],
                               .right = right[i],
                               .missing_left = missing_left[i] != 0,
                               .threshold = threshold[i],
                               .impurity = impurity[i],
                               .weight = weight[i],
                               .samples = samples[i]};
    for (size_t i = 0; i < tree.nodes.size(); ++i) check_node(in, t, i, tree.nodes[i], tree);
    tree.values.assign(values.begin() + static_cast<int64_t>(begin * outputs),
                       values.begin() + static_cast<int64_t>(end * outputs));
    trees.push_back(std::move(tree));
  }
  return trees;
}

void save_tree(const fs::path& path, const Tree& tree) {
  ArrayWriter out("tree");
  add_trees(out, {&tree, 1});
  out.write(path);
}

Tree load_tree(const fs::path& path) {
  const ArrayReader in(path, "tree");
  std::vector<Tree> trees = read_trees(in);
  if (trees.size() != 1) in.refuse(fmt::format("it holds {} trees, not one", trees.size()));
  return std::move(trees[0]);
}

}  // namespace espalier
