// How a tree grows, whatever finds its splits: limits, order of the nodes, bookkeeping.
//
//   auto engine = make_exact_engine(config, ranked, target, random);
//   Tree tree = grow_tree(config, *engine, features, classes);
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "espalier/core/random.h"
#include "espalier/tabular/tree.h"

namespace espalier {

// What is known of the samples of a node.
struct NodeFacts {
  int64_t samples = 0;
  double weight = 0, impurity = 0;
  std::vector<double> value;  // shares of the classes, or the mean
};

struct Split {
  int32_t feature = -1;  // -1: none is allowed
  double threshold = 0;
  bool missing_left = false;
  NodeFacts left, right;
};

// Samples of a node are a range of places begin..end-1; what lies there is the engine's.
class SplitEngine {
 public:
  virtual ~SplitEngine() = default;
  virtual int64_t size() const = 0;  // places of the root
  virtual NodeFacts facts() = 0;     // of the root
  virtual Split best(int64_t begin, int64_t end) = 0;
  // Reorders the places of a node so that its left half, split.left.samples places, comes first. A half that is not
  // kept will never be asked about.
  virtual void divide(
      int64_t begin, int64_t end, const Split& split, bool keep_left, bool keep_right) = 0;
};

// What a tree learns from, one entry a sample.
struct TreeTarget {
  int64_t classes = 0;  // 0: `values` are learnt
  std::span<const int32_t> labels;
  std::span<const double> values;
  std::span<const double> weights;  // or empty
  std::span<const uint16_t>
      times;  // how often each sample was drawn, or empty; not together with weights
};

Tree grow_tree(const TreeConfig& config, SplitEngine& engine, int64_t features, int64_t classes);

}  // namespace espalier
