#include "espalier/train/lost_classes.h"

#include <map>

namespace espalier {

std::vector<LostClass> lost_classes(const Dataset& data, const std::set<std::string>& failed) {
  struct Count {
    int64_t samples = 0, failures = 0;
  };
  std::map<int64_t, Count> counts;
  for (int64_t i = 0; i < data.size(); ++i) {
    Count& count = counts[data.label(i)];
    ++count.samples;
    count.failures += static_cast<int64_t>(failed.count(data.id(i)));
  }
  const std::vector<std::string>& names = data.class_names();
  std::vector<LostClass> lost;
  for (const auto& [label, count] : counts) {
    const bool known = label >= 0 && label < static_cast<int64_t>(names.size());
    if (known && count.samples == count.failures)
      lost.push_back({label, names[static_cast<size_t>(label)], count.samples});
  }
  return lost;
}

}  // namespace espalier
