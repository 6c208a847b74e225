// Parting a node's items in two, in their order: the inner loop of growing a tree on sorted columns.
#pragma once

#include <cstdint>

namespace espalier {

// Item i goes to `left` where goes_left[low 32 bits of the item] is 1, to `right` where it is 0; null: not wanted.
// Reads up to three bytes behind a flag.
void divide_items(const uint64_t* items,
                  int64_t count,
                  const uint8_t* goes_left,
                  uint64_t* left,
                  uint64_t* right);

}  // namespace espalier
