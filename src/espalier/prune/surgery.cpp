#include "espalier/prune/surgery.h"

#include <map>

#include "espalier/core/error.h"
#include "espalier/models/table.h"
#include "espalier/models/widths.h"
#include "espalier/tensor/stored.h"
#include "espalier/tensor/torch.h"
#include "espalier/tensor/without_init.h"

namespace espalier {
namespace {

// The same network as before anything was removed from it.
ImageModelPtr whole_network(const ImageModel& model) {
  nlohmann::json arguments = model.arguments;
  arguments.erase("layer_widths");
  WithoutInit scope;
  return make_model(model.name, arguments);
}

}  // namespace

std::vector<int64_t> staying_positions(const ChannelAxis& axis, const std::vector<bool>& keep) {
  std::vector<int64_t> positions;
  for (size_t i = 0; i < axis.atoms.size(); ++i)
    if (axis.atoms[i] < 0 || keep[static_cast<size_t>(axis.atoms[i])])
      positions.push_back(static_cast<int64_t>(i));
  return positions;
}

Counts counts_of(const Structure& structure, const std::vector<bool>& keep) {
  Counts counts(structure.groups.size(), 0);
  for (size_t atom = 0; atom < keep.size(); ++atom)
    counts[static_cast<size_t>(structure.group_of[atom])] += keep[atom];
  return counts;
}

ImageModelPtr copy_of(const ImageModel& model) {
  torch::NoGradGuard no_grad;
  WithoutInit scope;
  ImageModelPtr copy = make_model(model.name, model.arguments);
  NamedTensors from = module_state(model), to = module_state(*copy);
  for (size_t i = 0; i < from.size(); ++i) to[i].second.copy_(from[i].second);
  copy->train(model.is_training());
  return copy;
}

ImageModelPtr without_channels(const ImageModel& model,
                               const Structure& structure,
                               const std::vector<bool>& keep) {
  ImageModelPtr copy = copy_of(model);
  remove_channels(*copy, structure, keep);
  return copy;
}

void remove_channels(ImageModel& model, const Structure& structure, const std::vector<bool>& keep) {
  torch::NoGradGuard no_grad;
  Counts counts = counts_of(structure, keep);
  for (size_t i = 0; i < counts.size(); ++i)
    if (counts[i] == 0)
      fail(Kind::usage, "all channels of {} would go; one must stay", structure.groups[i].name);
  std::map<std::string, at::Tensor> changed, state;
  for (const auto& item : model.named_parameters()) state.emplace(item.key(), item.value());
  for (const auto& item : model.named_buffers()) state.emplace(item.key(), item.value());
  for (const ChannelAxis& axis : structure.axes) {
    at::Tensor& tensor = changed.try_emplace(axis.tensor, state.at(axis.tensor)).first->second;
    tensor = tensor.detach().index_select(axis.axis,
                                          torch::tensor(staying_positions(axis, keep), at::kLong));
  }
  for (auto& [name, tensor] : changed) state.at(name).set_data(tensor.contiguous());

  adopt_shapes(model);
  note_widths(model);
}

void note_widths(ImageModel& model) {
  if (model.name.empty()) return;  // not of the table, so in no file either
  nlohmann::json widths = widths_of(model, *whole_network(model));
  if (!widths.empty()) model.arguments["layer_widths"] = widths;
}

}  // namespace espalier
