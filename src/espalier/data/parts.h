// A batch worked through in parts, where the whole of it does not fit into memory at once.
//
//   for (const Part& part : parts_of(batch.count, 16)) use(cut(batch, part));
#pragma once

#include <cstdint>
#include <vector>

#include "espalier/data/loader.h"

namespace espalier {

struct Part {
  int first = 0, count = 0;
};

// 0 .. count-1 in order, in as few parts of at most `most` as there can be, of sizes that differ by
// at most one. No part has a single image, which a batch norm could not normalise: where `most` is 1
// or 2 some have 2 or 3. count >= 1, most >= 1.
std::vector<Part> parts_of(int count, int64_t most);

// Picture i of a batch, 0 <= i < count.
Image picture(const Batch& batch, int64_t i);

// The images and truths of one part; failures stay with the whole.
Batch cut(const Batch& batch, const Part& part);

}  // namespace espalier
