// Classes of which nothing could be read: one picture less is a line in the log, a class less is
// another task.
//
//   for (const LostClass& lost : lost_classes(data, failed)) warn(lost.name);
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "espalier/data/dataset.h"

namespace espalier {

struct LostClass {
  int64_t label = 0;
  std::string name;
  int64_t images = 0;  // all of which failed
};

// Those of the data set's named classes whose every sample's id is in `failed`.
std::vector<LostClass> lost_classes(const Dataset& data, const std::set<std::string>& failed);

}  // namespace espalier
