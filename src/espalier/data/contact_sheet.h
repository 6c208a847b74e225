// Many samples on one picture, with their truth, to look at a data set at a glance.
//
//   Image sheet = contact_sheet(*data, {.columns = 8, .rows = 4, .views = {"picture", "instances"}});
//   write_png("sheet.png", sheet);
#pragma once

#include <string>
#include <vector>

#include "espalier/core/fields.h"
#include "espalier/data/dataset.h"

namespace espalier {

struct ContactSheetConfig {
  int64_t columns = 8, rows = 4;  // samples
  int64_t cell =
      128;  // side of a cell, pixels; pictures are enlarged by whole factors or shrunk to fit
  int64_t first = 0;                          // sample
  std::vector<std::string> views{"picture"};  // side by side for each sample
};
// Views: picture; boxes; instances (masks tinted, outlined, boxes, points); semantic; alpha (over a
// checkerboard).
Fields fields(ContactSheetConfig& config);

// One sample with a view of its truth drawn, magnified `zoom` times. Throws Error(usage) for an
// unknown view.
Image draw_view(const Sample& sample, const std::string& view, int zoom = 1);

// RGB. Samples that cannot be read leave their cell empty.
Image contact_sheet(const Dataset& data, const ContactSheetConfig& config = {});

}  // namespace espalier
