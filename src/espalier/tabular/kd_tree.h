// Points in a tree of boxes (Friedman, Bentley, Finkel 1977; distances to boxes kept up step by step as in Arya and
// Mount 1993): a query leaves out every box that is farther than its k-th neighbour. For few columns.
#pragma once

#include <memory>

#include "espalier/tabular/distance.h"
#include "espalier/tabular/neighbor_search.h"

namespace espalier {

// metric: l2 or l1.
template <class T>
std::shared_ptr<const PointIndex<T>> make_kd_tree(MatrixView<T> points, Metric metric);

}  // namespace espalier
