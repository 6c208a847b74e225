// The blocks of a network: what holds a layer and its neighbours.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "espalier/prune/structure.h"

namespace espalier {

// "layer1.0.conv1" of "layer1.0.conv1.weight"; "" of a name without a dot.
std::string parent_of(const std::string& name);

// "layer1.0" of "layer1.0.conv1.weight"; "" for what belongs to no block.
std::string block_of(const std::string& parameter);

// The groups that the weights of each block meet, in the order in which the network reads them: the widths around
// its layers.
std::map<std::string, std::vector<int32_t>> groups_of_blocks(const Structure& structure);

}  // namespace espalier
