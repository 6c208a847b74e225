// Pictures that are the same, or nearly.
//
//   for (const DuplicateGroup& group : find_duplicates(facts)) ...
#pragma once

#include <vector>

#include "espalier/data/fingerprint.h"

namespace espalier {

struct PictureFacts {
  uint64_t content = 0, bytes = 0;  // hash and number of the bytes of the file
  Fingerprint print = {};
};

struct DuplicateGroup {
  std::vector<size_t> members = {};  // two or more, ascending
  bool exact = false;                // all of the same bytes
};

// Groups of the pictures `facts[i]` points to (null: left out), by their first member. Exact copies have one length and
// one 64-bit hash. A group holds what is linked by chains of looks_alike(), and the exact copies of these; without `near` there are exact
// copies only. Time grows
// with the number of pictures that share eight hash bits of 64 at one of eight places, far from all pairs.
std::vector<DuplicateGroup> find_duplicates(const std::vector<const PictureFacts*>& facts,
                                            bool near = true);

}  // namespace espalier
