// Behind every picture of a batch its destroyed copies, as DCL and PMG train on them: o1, d1, o2, d2, ...
//
//   Loader train(dataset, transform, config, destruct_batches({.grid = 7, .reach = 2}));
//
// A copy has its original's annotation with `destruction` set; boxes, masks, alpha and points, which no
// longer fit the picture, are emptied.
#pragma once

#include "espalier/data/loader.h"

namespace espalier {

struct DestructConfig {
  bool published = false;  // the published code's walk, margin and guessed targets
  int grid = 7;            // cells a side
  double reach = 2;        // strict: places that a cell may want to move
  int margin = 10;         // published: pixels cut off every side
  int guess_grid = 7;      // published: cells a side of the guessed targets, whatever `grid` is
};

// `first`, where there is one, changes the batch before (mixup). Throws Error(usage) for impossible
// settings, at the latest when a batch does not allow them.
BatchTransform destruct_batches(const DestructConfig& config, BatchTransform first = {});

// Behind every picture a jigsaw of it for each grid, in their order.
BatchTransform jigsaw_batches(const std::vector<int64_t>& grids, BatchTransform first = {});

}  // namespace espalier
