// Folds each batch norm into its neighbour (Jacob et al. 2018, arXiv 1712.05877, equation 14): with
// s = gamma / sqrt(var + eps), a convolution before the norm becomes W' = s W, b' = s (b - mean) +
// beta. In double precision.
//
//   FoldReport report = fold_norms(graph);
//   for (const auto& [name, why] : report.left) warn(name + ": " + why);
#pragma once

#include <utility>

#include "espalier/deploy/graph.h"

namespace espalier {

struct FoldReport {
  int64_t folded = 0;
  std::vector<std::pair<std::string, std::string>> left;  // name of the norm, why it stays
};

// Into the Conv (any groups), ConvTranspose or Gemm before it, when nothing else reads that one's
// output; else into the Conv or Gemm behind it, when that is the norm's only reader and pads no
// zeros: a padded border would be normed as if zeros had been its input. Norms that fit neither
// stay. With `all`, the first that stays is Error(unsupported).
FoldReport fold_norms(Graph& graph, bool all = false);

// The convolutions and linear layers whose bias is useless in training: a batch norm, their only
// reader, subtracts it with the mean again. Of an unfolded graph; names of nodes.
std::vector<std::string> useless_biases(const Graph& graph);

}  // namespace espalier
