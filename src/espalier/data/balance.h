// An order of an epoch in which every class comes as often as every other, however many pictures it
// has.
//
//   std::vector<Draw> order = balanced_order(labels, random);
#pragma once

#include <cstdint>
#include <vector>

#include "espalier/core/random.h"

namespace espalier {

struct Draw {
  int64_t index = 0;   // of the sample
  int64_t repeat = 0;  // how often it was drawn before in this epoch
};

// As many draws as there are samples. With C classes among `labels` (one a sample), each gets
// size / C draws, and some, drawn anew each time, one more for the rest. A class's samples come in
// rounds: none a second time before all came once, in an order of chance. Depends on `random` alone.
std::vector<Draw> balanced_order(const std::vector<int64_t>& labels, Random random);

}  // namespace espalier
