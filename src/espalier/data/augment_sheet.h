// What augmentation does to some pictures, to look at: a row for each, first as evaluation sees it,
// then as training does in one epoch after the other.
//
//   AugmentConfig augment{.policy = "trivialaugment", .cutmix = 1};
//   write_png("augment.png", augment_sheet(splits.train, augment, 224));
#pragma once

#include <string>
#include <vector>

#include "espalier/core/fields.h"
#include "espalier/data/dataset.h"
#include "espalier/data/recipe.h"

namespace espalier {

struct AugmentSheetConfig {
  int64_t pictures = 6;  // rows; spread over the data set, mixup and cutmix pair them
  int64_t draws = 7;     // columns after the first
  int64_t cell = 160;    // side of a cell, pixels
  std::vector<std::string> views{"picture"};  // as in a contact sheet
  int64_t seed = 1;
};
Fields fields(AugmentSheetConfig& config);

// RGB. The draws come from a Loader as in training. A picture that cannot be read leaves its row
// empty. Throws Error(data) for an empty data set, Error(usage) for settings out of range.
Image augment_sheet(const DatasetPtr& data,
                    const AugmentConfig& augment,
                    int side,
                    const AugmentSheetConfig& config = {});

}  // namespace espalier
