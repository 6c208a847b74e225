// Masks of the objects for a data set that has none: a folder with a picture of the same name for
// each of its pictures becomes their alpha.
//
//   DatasetPtr masked = with_masks(splits.test, "butterflies/mask");
//
// The mask of "test/monarch/07.jpg" is test/monarch/07.png in the folder, else monarch/07.png, else
// 07.png; .jpg and .jpeg are taken too. White, or what is not 0 in a picture of nothing but 0 and 1,
// is the object. A mask may be larger or smaller than its picture, and is scaled to it.
#pragma once

#include "espalier/core/files.h"
#include "espalier/data/dataset.h"

namespace espalier {

// Throws Error(io) when there is no such folder, Error(data) when it has no mask for any of the
// pictures, or one for two of them. Reading a sample throws Error(data | format | io) naming picture
// and mask when that is missing, damaged, or of another shape than the picture by more than a pixel.
DatasetPtr with_masks(DatasetPtr base, const fs::path& folder);

}  // namespace espalier
