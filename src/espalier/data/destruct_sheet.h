// What destruction does to some pictures, to look at: a row for each; first the picture, then copies
// destroyed within reach 1, 2, ... as in the paper, then as in the published code.
//
//   write_png("destruct.png", destruct_sheet(splits.train, {}, 224));
#pragma once

#include <string>
#include <vector>

#include "espalier/core/fields.h"
#include "espalier/data/dataset.h"
#include "espalier/data/recipe.h"

namespace espalier {

struct DestructSheetConfig {
  int64_t grid = 7;
  std::vector<double> reaches = {};  // a column each; empty: 1, 2 and 3 where the grid allows
  int64_t published = 2;             // copies destroyed as in the published code
  int64_t pictures = 6;              // rows, spread over the data set
  int64_t cell = 160;                // side of a picture on the sheet, pixels
  int64_t seed = 1;
};
Fields fields(DestructSheetConfig& config);

// RGB. Pictures are made side x side as for evaluation first. One that cannot be read leaves its row
// empty. Throws Error(data) for an empty data set, Error(usage) for settings out of range.
Image destruct_sheet(const DatasetPtr& data,
                     const AugmentConfig& view,
                     int side,
                     const DestructSheetConfig& config = {});

}  // namespace espalier
