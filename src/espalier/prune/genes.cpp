#include "espalier/prune/genes.h"

#include <map>
#include <set>

#include "espalier/prune/blocks.h"

namespace espalier {
namespace {

int32_t group_of_atom(const Structure& structure, int32_t atom) {
  return structure.group_of[static_cast<size_t>(atom)];
}

// The block that holds every layer of a group; none where it reaches over several, or lies in no block.
std::map<int32_t, std::string> inner_groups(const Structure& structure) {
  std::map<int32_t, std::set<std::string>> blocks;
  for (const ChannelAxis& axis : structure.axes)
    for (int32_t atom : axis.atoms)
      if (atom >= 0) blocks[group_of_atom(structure, atom)].insert(block_of(axis.tensor));
  std::map<int32_t, std::string> inner;
  for (const auto& [group, met] : blocks)
    if (met.size() == 1 && !met.begin()->empty()) inner[group] = *met.begin();
  return inner;
}

// What the last layer of the network reads.
std::set<int32_t> last_read(const Structure& structure) {
  std::set<int32_t> groups;
  for (auto axis = structure.axes.rbegin(); axis != structure.axes.rend() && groups.empty(); ++axis)
    if (axis->role == AxisRole::reads)
      for (int32_t atom : axis->atoms)
        if (atom >= 0) groups.insert(group_of_atom(structure, atom));
  return groups;
}

}  // namespace

Genes read_genes(const Structure& structure, const std::string& layout) {
  Genes genes;
  const bool published = layout == "published";
  const std::set<int32_t> whole = published ? last_read(structure) : std::set<int32_t>{};
  const std::map<int32_t, std::string> inner =
      published ? inner_groups(structure) : std::map<int32_t, std::string>{};
  std::map<std::string, int32_t> gene_of_block;
  for (int32_t group = 0; group < std::ssize(structure.groups); ++group) {
    const auto block = inner.find(group);
    if (whole.count(group) > 0)
      genes.of_group.push_back(-1);
    else if (block == inner.end())
      genes.of_group.push_back(genes.count++);
    else if (const auto [known, first] = gene_of_block.try_emplace(block->second, genes.count);
             first)
      genes.of_group.push_back(genes.count++);
    else
      genes.of_group.push_back(known->second);
  }
  return genes;
}

}  // namespace espalier
