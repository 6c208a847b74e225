// A tree as text for a terminal, as DOT for Graphviz, and as SVG for a page.
//
//   std::cout << tree_text(tree, {"sepal length", ...}, {"setosa", ...});
#pragma once

#include <string>
#include <vector>

#include "espalier/tabular/tree.h"

namespace espalier {

struct TreeNames {
  std::vector<std::string> features, classes;  // empty: "x3", "class 2"
};

// Nodes deeper than `max_depth` are left out, and it is said how many (0: all are drawn).
std::string tree_text(const Tree& tree, const TreeNames& names = {}, int64_t max_depth = 0);
std::string tree_dot(const Tree& tree, const TreeNames& names = {}, int64_t max_depth = 0);
// Boxes in the colour of their class, stronger the purer; for numbers, stronger the higher. Stands alone or in a page.
std::string tree_svg(const Tree& tree, const TreeNames& names = {}, int64_t max_depth = 4);

}  // namespace espalier
