// Which groups of channels a search changes together: a gene is a share for each of its groups.
//
//   Genes genes = read_genes(structure, "published");
//   double share = genes.of_group[i] < 0 ? 1 : share_of(genome[genes.of_group[i]]);
#pragma once

#include <string>
#include <vector>

#include "espalier/prune/structure.h"

namespace espalier {

struct Genes {
  int32_t count = 0;
  std::vector<int32_t> of_group;  // -1: nothing of the group goes
};

// layout "groups": each group is a gene. "published" (Liu et al., ICCV 2019, and its code): the widths inside a block
// are one gene, and what the classifier reads stays whole: 13 genes for MobileNet V1, 20 for ResNet-50. (24 for V2: its first
// block has no expansion here, so that this width is the stem's.)
Genes read_genes(const Structure& structure, const std::string& layout);

}  // namespace espalier
