// How large the pictures of a data set are: a histogram of their short sides.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace espalier {

// A <figure> with inline SVG. `sizes`: width and height of each picture, pixels; not empty.
std::string size_chart(const std::vector<std::pair<int, int>>& sizes);

}  // namespace espalier
