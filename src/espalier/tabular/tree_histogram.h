// Splits by histograms, for many rows: each column is cut into at most 255 bins once, and a node looks at sums
// a bin. Of two halves only the smaller is counted; the other is what its parent has more.
#pragma once

#include <memory>
#include <span>

#include "espalier/core/random.h"
#include "espalier/tabular/tree_grow.h"

namespace espalier {

// Columns in bins. Bin edges are midpoints between neighbouring distinct values where these are few, else they part
// an even sample of at most 200,000 rows into equal shares.
struct BinnedTable {
  int64_t rows = 0, columns = 0;
  std::vector<uint8_t> bin;  // rows x columns; 255 is missing
  std::vector<std::vector<double>>
      edges;  // bin b holds values in (edges[b - 1], edges[b]]; one fewer than bins
};
// bins: 2..255. Throws Error(data) naming row and column of an infinity.
BinnedTable bin_columns(MatrixView<float> x, int64_t bins);

std::unique_ptr<SplitEngine> make_histogram_engine(const TreeConfig& config,
                                                   const BinnedTable& table,
                                                   const TreeTarget& target,
                                                   std::span<const uint32_t> samples,
                                                   Random random);

}  // namespace espalier
