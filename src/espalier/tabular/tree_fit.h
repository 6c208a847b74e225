// What fitting one tree and fitting many have in common.
#pragma once

#include "espalier/tabular/tree_grow.h"

namespace espalier {

// Both throw as fit_tree() says. Rows and columns are named from 1.
void check_tree_config(const TreeConfig& config, int64_t features);
void check_tree_target(MatrixView<float> x, const TreeTarget& target);

bool takes_histograms(const TreeConfig& config, int64_t rows);

}  // namespace espalier
