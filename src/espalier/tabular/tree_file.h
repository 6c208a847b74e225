// Trees as arrays: the nodes of all of them one behind the other.
#pragma once

#include <span>
#include <vector>

#include "espalier/tabular/model_arrays.h"
#include "espalier/tabular/tree.h"

namespace espalier {

// Trees of the same features and classes.
void add_trees(ArrayWriter& out, std::span<const Tree> trees);
// At least one. Throws Error(format) naming array, tree and node: children stand behind their parent, features are
// below the number of columns.
std::vector<Tree> read_trees(const ArrayReader& in);

}  // namespace espalier
