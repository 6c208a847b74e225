#include "espalier/data/augment_sheet.h"

#include <algorithm>

#include "espalier/core/error.h"
#include "espalier/data/contact_sheet.h"
#include "espalier/data/loader.h"
#include "espalier/data/mix.h"
#include "espalier/data/parts.h"
#include "espalier/data/sample_grid.h"
#include "espalier/data/subset.h"

namespace espalier {
namespace {

// One epoch of the loader, which gives a single batch, into a column.
void fill_column(Loader& loader, int64_t epoch, int64_t column, SampleGrid& cells) {
  loader.start_epoch(epoch);
  const std::optional<Batch> batch = loader.next();
  if (!batch) return;
  for (size_t i = 0; i < batch->truth.size(); ++i) {
    Sample& sample = cells.at(batch->indices[i], column);
    sample.image = picture(*batch, static_cast<int64_t>(i));
    sample.truth = batch->truth[i];
  }
}

}  // namespace

Fields fields(AugmentSheetConfig& c) {
  return {field("pictures", c.pictures, "rows: pictures from all over the data").between(1, 256),
          field("draws", c.draws, "columns after the first: epochs of training").between(1, 64),
          field("cell", c.cell, "side of a cell, pixels").between(16, 1024),
          field("views", c.views, "of each: picture, boxes, instances, semantic, alpha"),
          field("seed", c.seed, "of the draws").between(0, 9e15)};
}

Image augment_sheet(const DatasetPtr& data,
                    const AugmentConfig& augment,
                    int side,
                    const AugmentSheetConfig& config) {
  AugmentSheetConfig copy = config;
  const Fields known = fields(copy);
  for (const Field& f : known) set_field(known, f.name, field_text(f));
  if (!data || data->size() == 0) fail(Kind::data, "there is no picture to augment");
  const int64_t rows = std::min(config.pictures, data->size()), columns = 1 + config.draws;
  const DatasetPtr chosen = subset(data, spread(data->size(), rows));
  const uint64_t seed = static_cast<uint64_t>(config.seed);
  Loader plain(chosen, eval_transform(augment, side),
               {.batch = rows, .workers = 0, .min_side = decode_side(augment, side, false)});
  Loader training(
      chosen, train_transform(augment, side),
      {.batch = rows, .workers = 0, .seed = seed, .min_side = decode_side(augment, side, true)},
      mix_batches(augment.mixup, augment.cutmix));
  SampleGrid cells(rows, columns, data->class_names());
  fill_column(plain, 0, 0, cells);
  for (int64_t draw = 0; draw < config.draws; ++draw) fill_column(training, draw, 1 + draw, cells);
  return contact_sheet(
      cells, {.columns = columns, .rows = rows, .cell = config.cell, .views = config.views});
}

}  // namespace espalier
