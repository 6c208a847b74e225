#include "espalier/data/sample_grid.h"

namespace espalier {

std::vector<int64_t> spread(int64_t size, int64_t count) {
  std::vector<int64_t> indices;
  for (int64_t k = 0; k < count; ++k) indices.push_back(k * size / count);
  return indices;
}

}  // namespace espalier
