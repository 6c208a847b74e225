#include "espalier/data/destruct_sheet.h"

#include <algorithm>

#include "espalier/core/error.h"
#include "espalier/data/contact_sheet.h"
#include "espalier/data/destruct.h"
#include "espalier/data/destruct_batches.h"
#include "espalier/data/sample_grid.h"

namespace espalier {
namespace {

std::vector<double> reaches_of(const DestructSheetConfig& config) {
  std::vector<double> reaches = config.reaches;
  if (reaches.empty())
    for (int64_t reach = 1; reach <= std::min<int64_t>(3, config.grid - 1); ++reach)
      reaches.push_back(static_cast<double>(reach));
  return reaches;
}

Sample copy_of(const Sample& sample, Image image) {
  return {.image = std::move(image), .truth = {.labels = sample.truth.labels}, .id = sample.id};
}

void fill_row(const Sample& sample,
              const DestructSheetConfig& config,
              Random& random,
              int64_t row,
              SampleGrid& sheet) {
  const int grid = static_cast<int>(config.grid);
  int64_t column = 0;
  sheet.at(row, column++) = sample;
  for (double reach : reaches_of(config))
    sheet.at(row, column++) =
        copy_of(sample, destruct(sample.image, draw_destruction(grid, reach, random)));
  for (int64_t i = 0; i < config.published; ++i)
    sheet.at(row, column++) =
        copy_of(sample, destruct_published(sample.image, draw_published_walk(grid, random),
                                           DestructConfig{}.margin));
}

}  // namespace

Fields fields(DestructSheetConfig& c) {
  return {
      field("grid", c.grid, "cells a side").between(1, 255),
      field("reaches", c.reaches,
            "a column each: places that a cell may want to move; empty: 1, 2 and 3")
          .between(0, 254),
      field("published", c.published, "columns destroyed as in the published code").between(0, 16),
      field("pictures", c.pictures, "rows: pictures from all over the data").between(1, 256),
      field("cell", c.cell, "side of a picture on the sheet, pixels").between(16, 1024),
      field("seed", c.seed, "of the draws").between(0, 9e15)};
}

Image destruct_sheet(const DatasetPtr& data,
                     const AugmentConfig& view,
                     int side,
                     const DestructSheetConfig& config) {
  if (!data || data->size() == 0) fail(Kind::data, "there is no picture to destroy");
  const int64_t rows = std::min(config.pictures, data->size());
  const int64_t columns = 1 + static_cast<int64_t>(reaches_of(config).size()) + config.published;
  const Transform fit = eval_transform(view, side);
  SampleGrid sheet(rows, columns, data->class_names());
  const std::vector<int64_t> chosen = spread(data->size(), rows);
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t index = chosen[static_cast<size_t>(row)];
    Random random = Random(static_cast<uint64_t>(config.seed)).stream(static_cast<uint64_t>(index));
    Sample sample;
    try {
      sample = fit(data->read(index, decode_side(view, side, false)), random);
    } catch (const Error& error) {
      if (error.kind() == Kind::usage) throw;
      continue;
    }
    fill_row(sample, config, random, row, sheet);
  }
  return contact_sheet(sheet, {.columns = columns, .rows = rows, .cell = config.cell});
}

}  // namespace espalier
