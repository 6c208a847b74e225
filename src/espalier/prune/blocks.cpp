#include "espalier/prune/blocks.h"

#include <algorithm>

namespace espalier {

std::string parent_of(const std::string& name) {
  const size_t dot = name.rfind('.');
  return dot == std::string::npos ? "" : name.substr(0, dot);
}

std::string block_of(const std::string& parameter) {
  return parent_of(parent_of(parameter));
}

std::map<std::string, std::vector<int32_t>> groups_of_blocks(const Structure& structure) {
  std::map<std::string, std::vector<int32_t>> groups;
  for (const ChannelAxis& axis : structure.axes) {
    if (axis.role != AxisRole::writes && axis.role != AxisRole::reads) continue;
    std::vector<int32_t>& met = groups[block_of(axis.tensor)];
    for (int32_t atom : axis.atoms) {
      if (atom < 0) continue;
      const int32_t group = structure.group_of[static_cast<size_t>(atom)];
      if (std::find(met.begin(), met.end(), group) == met.end()) met.push_back(group);
    }
  }
  return groups;
}

}  // namespace espalier
