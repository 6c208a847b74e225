#include "espalier/prune/structure.h"

#include <algorithm>
#include <map>

#include <fmt/ranges.h>

#include "espalier/core/counted.h"
#include "espalier/core/error.h"
#include "espalier/models/model.h"
#include "espalier/prune/channel_flow.h"
#include "espalier/tensor/stored.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

std::string layer_of(const std::string& tensor) {
  size_t dot = tensor.rfind('.');
  return dot == std::string::npos ? tensor : tensor.substr(0, dot);
}

std::set<std::string> parameter_names(const ImageModel& model) {
  std::set<std::string> names;
  for (const auto& [name, tensor] : module_state(model)) names.insert(name);
  return names;
}

// Where the channels of a tied set stand: axis of the flow -> how many positions.
using Sites = std::map<size_t, int64_t>;

class Collector {
 public:
  explicit Collector(const ChannelFlow& flow, const Graph& graph) : flow_(flow), graph_(graph) {
    for (size_t i = 0; i < flow.axes().size(); ++i)
      for (int32_t id : flow.axes()[i].ids) ++sites_[flow.root(id)][i];
  }

  Structure collect() {
    number_atoms();
    for (const ChannelFlow::ParameterAxis& axis : flow_.axes()) {
      structure_.axes.push_back({axis.tensor, axis.axis, axis.role, atoms_of(axis.ids)});
      list_kept(axis);
    }
    for (const Node& node : graph_.nodes)
      for (const Ids& ids : flow_.of(node.outputs[0]))
        if (!ids.empty()) structure_.width_of[node.outputs[0]] = structure_.width(atoms_of(ids));
    return std::move(structure_);
  }

 private:
  // Sets that stand at the same places are interchangeable and make one group.
  void number_atoms() {
    std::map<Sites, std::vector<int32_t>> alike;
    std::vector<const Sites*> order;  // as the network reads them
    for (const ChannelFlow::ParameterAxis& axis : flow_.axes())
      for (int32_t id : axis.ids) {
        int32_t root = flow_.root(id);
        if (flow_.reason(root) || !seen_.insert(root).second) continue;
        auto [group, is_new] = alike.try_emplace(sites_.at(root));
        if (is_new) order.push_back(&group->first);
        group->second.push_back(root);
      }
    for (const Sites* sites : order) add_group(*sites, alike.at(*sites));
  }

  void add_group(const Sites& sites, const std::vector<int32_t>& roots) {
    if (roots.size() < 2) return;  // the last channel of a layer cannot go
    auto writer = std::find_if(sites.begin(), sites.end(), [&](const auto& site) {
      return flow_.axes()[site.first].role == AxisRole::writes;
    });
    if (writer == sites.end()) writer = sites.begin();
    ChannelGroup group{.name = layer_of(flow_.axes()[writer->first].tensor),
                       .first = static_cast<int32_t>(structure_.group_of.size()),
                       .size = static_cast<int32_t>(roots.size()),
                       .width = writer->second,
                       .ties = {}};
    std::set<size_t> ties;
    for (int32_t root : roots) {
      atom_of_[root] = static_cast<int32_t>(structure_.group_of.size());
      structure_.group_of.push_back(static_cast<int32_t>(structure_.groups.size()));
      ties.insert(flow_.ties(root).begin(), flow_.ties(root).end());
    }
    for (size_t node : ties) group.ties.push_back(describe(graph_.nodes[node]));
    structure_.groups.push_back(std::move(group));
  }

  std::vector<int32_t> atoms_of(const Ids& ids) const {
    std::vector<int32_t> atoms;
    for (int32_t id : ids) {
      auto found = atom_of_.find(flow_.root(id));
      atoms.push_back(found == atom_of_.end() ? -1 : found->second);
    }
    return atoms;
  }

  void list_kept(const ChannelFlow::ParameterAxis& axis) {
    if (axis.role != AxisRole::writes) return;
    std::map<std::string, int64_t> reasons;
    for (int32_t id : axis.ids)
      if (const std::string* reason = flow_.reason(flow_.root(id)))
        ++reasons[*reason];
      else if (!atom_of_.count(flow_.root(id)))
        ++reasons["all of its channels are tied to each other"];
    for (const auto& [reason, channels] : reasons)
      structure_.kept.push_back({layer_of(axis.tensor), reason, channels});
  }

  const ChannelFlow& flow_;
  const Graph& graph_;
  std::map<int32_t, Sites> sites_;
  std::set<int32_t> seen_;
  std::map<int32_t, int32_t> atom_of_;
  Structure structure_;
};

const char* text_of(AxisRole role) {
  switch (role) {
    case AxisRole::writes:
      return "written by";
    case AxisRole::reads:
      return "read by";
    default:
      return "beside in";
  }
}

std::string group_text(const Structure& structure, size_t number) {
  const ChannelGroup& group = structure.groups[number];
  std::string text = fmt::format("{}: {}", group.name, counted(group.size, "channel"));
  if (group.width > 1)
    text = fmt::format("{}: {} times {} channels", group.name, group.size, group.width);
  text += "\n";
  for (AxisRole role : {AxisRole::writes, AxisRole::scales, AxisRole::reads}) {
    std::vector<std::string> layers;
    for (const ChannelAxis& axis : structure.axes) {
      bool fits = axis.role == role || (role == AxisRole::scales && axis.role == AxisRole::shifts);
      bool here = fits && std::any_of(axis.atoms.begin(), axis.atoms.end(), [&](int32_t atom) {
                    return atom >= group.first && atom < group.first + group.size;
                  });
      std::string layer = layer_of(axis.tensor);
      if (here && std::find(layers.begin(), layers.end(), layer) == layers.end())
        layers.push_back(layer);
    }
    if (!layers.empty())
      text += fmt::format("  {:<10} {}\n", text_of(role), fmt::join(layers, ", "));
  }
  if (!group.ties.empty())
    text += fmt::format("  {:<10} {}\n", "tied by", fmt::join(group.ties, ", "));
  return text;
}

}  // namespace

Counts Structure::whole() const {
  Counts counts;
  for (const ChannelGroup& group : groups) counts.push_back(group.size);
  return counts;
}

Width Structure::width(const std::vector<int32_t>& atoms) const {
  Width width;
  std::map<int32_t, int64_t> positions;
  for (int32_t atom : atoms)
    if (atom < 0)
      ++width.fixed;
    else
      ++positions[group_of[static_cast<size_t>(atom)]];
  for (auto [group, count] : positions)
    width.parts.emplace_back(group, count / groups[static_cast<size_t>(group)].size);
  return width;
}

Structure read_structure(const ImageModel& model, const Graph& graph, const Shape& input) {
  ChannelFlow flow(graph, input, parameter_names(model));
  Structure structure = Collector(flow, graph).collect();
  if (!structure.groups.empty()) return structure;
  std::vector<std::string> reasons;
  for (const KeptChannels& kept : structure.kept)
    if (reasons.size() < 3) reasons.push_back(kept.layer + " (" + kept.reason + ")");
  fail(Kind::unsupported, "no channel of the network can be removed: {}",
       reasons.empty() ? "it has no layers that are known"
                       : fmt::format("{}", fmt::join(reasons, "; ")));
}

std::string to_text(const Structure& structure) {
  std::string text;
  for (size_t i = 0; i < structure.groups.size(); ++i) text += group_text(structure, i);
  for (const KeptChannels& kept : structure.kept)
    text += fmt::format("{}: {} stay: {}\n", kept.layer, counted(kept.channels, "channel"),
                        kept.reason);
  return text;
}

}  // namespace espalier
