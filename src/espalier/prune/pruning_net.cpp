#include "espalier/prune/pruning_net.h"

#include <algorithm>
#include <map>
#include <set>

#include "espalier/core/error.h"
#include "espalier/models/table.h"
#include "espalier/models/widths.h"
#include "espalier/nn/norms.h"
#include "espalier/prune/blocks.h"
#include "espalier/prune/surgery.h"
#include "espalier/tensor/runtime.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

namespace nn = torch::nn;

// The leading positions of an axis that stay; the axis as it is when all do.
at::Tensor cropped(const at::Tensor& tensor,
                   const ChannelAxis& axis,
                   const std::vector<bool>& keep) {
  const std::vector<int64_t> positions = staying_positions(axis, keep);
  const auto count = std::ssize(positions);
  if (count == std::ssize(axis.atoms)) return tensor;
  if (positions.back() == count - 1) return tensor.narrow(axis.axis, 0, count);
  return tensor.index_select(axis.axis, torch::tensor(positions, at::kLong));
}

// What one parameter of the network is taken from: two fully connected layers that make it from the
// shares of widths, or a tensor of its size where its widths say nothing about it.
struct Source : nn::Module {
  nn::Linear first{nullptr}, second{nullptr};
  at::Tensor plain;
  std::vector<int32_t> groups;  // whose shares are the inputs
  std::vector<int64_t> shape;   // of the whole parameter
  std::vector<const ChannelAxis*> axes;

  at::Tensor whole(const Structure& structure, const Counts& counts) {
    if (plain.defined()) return plain;
    std::vector<double> shares;
    for (int32_t group : groups)
      shares.push_back(static_cast<double>(counts[static_cast<size_t>(group)]) /
                       static_cast<double>(structure.groups[static_cast<size_t>(group)].size));
    const at::Tensor input = torch::tensor(shares, first->weight.scalar_type());
    return second->forward(torch::relu(first->forward(input))).view(shape);
  }
};

// Whether outputs of the parameter can be removed.
bool has_removable_outputs(const std::vector<const ChannelAxis*>& axes) {
  return std::any_of(axes.begin(), axes.end(), [](const ChannelAxis* axis) {
    return axis->role == AxisRole::writes &&
           std::any_of(axis->atoms.begin(), axis->atoms.end(), [](int32_t a) { return a >= 0; });
  });
}

}  // namespace

struct PruningNet::State : nn::Module {
  struct Piece {
    at::Tensor target;  // the parameter of `network`
    std::shared_ptr<Source> source;
    at::Tensor value;  // of this step, with its history
  };

  State(const ImageModel& model, const Structure& structure)
      : structure(structure), arguments(model.arguments), network(copy_of(model)) {}

  const Structure& structure;
  nlohmann::json arguments;  // of the whole network
  ImageModelPtr network;     // cut anew at each step; no part of what is trained
  std::vector<Piece> pieces;
  std::vector<std::pair<at::Tensor, const ChannelAxis*>> statistics;  // buffers of norms
};

Fields fields(PruningNetConfig& config) {
  return {
      field("meta_hidden", config.hidden, "metapruning: width of the layers that make the weights")
          .between(1, 4096),
      field("meta_affine", config.affine,
            "metapruning: scales and shifts of batch norms in the network of all widths")
          .one_of({"none", "shared"})};
}

PruningNet::PruningNet(const ImageModel& model,
                       const Structure& structure,
                       const PruningNetConfig& config,
                       int64_t seed)
    : state_(std::make_unique<State>(model, structure)) {
  seed_generator(static_cast<uint64_t>(seed));
  State& state = *state_;
  const ImageModelPtr fresh = make_model(model.name, model.arguments);
  const auto starts = fresh->named_parameters();
  std::map<std::string, std::vector<const ChannelAxis*>> axes;
  for (const ChannelAxis& axis : structure.axes) axes[axis.tensor].push_back(&axis);
  const auto blocks = groups_of_blocks(structure);
  std::set<std::string> norms;
  for (const NamedNorm& norm : batch_norms(*state.network)) norms.insert(norm.name);

  for (const auto& item : state.network->named_parameters()) {
    const std::string& name = item.key();
    at::Tensor target = item.value();
    auto source = std::make_shared<Source>();
    source->shape = target.sizes().vec();
    source->axes = axes[name];
    const at::Tensor start = starts[name].detach().clone();
    if (norms.count(parent_of(name)) && config.affine == "none") {
      source->plain = name.ends_with(".weight") ? at::ones_like(start) : at::zeros_like(start);
      target.requires_grad_(false);
    } else if (target.dim() > 1 && has_removable_outputs(source->axes)) {
      source->groups = blocks.at(block_of(name));
      source->first =
          source->register_module("first", nn::Linear(std::ssize(source->groups), config.hidden));
      source->second = source->register_module("second", nn::Linear(config.hidden, target.numel()));
      if (norms.empty()) {
        // No norm evens out how large the weights are, so they begin as large as the family's.
        torch::NoGradGuard no_grad;
        const at::Tensor ratio = start.std() / source->whole(structure, structure.whole()).std();
        source->second->weight.mul_(ratio);
        source->second->bias.mul_(ratio);
      }
    } else {
      source->plain = source->register_parameter("plain", start);
    }
    std::string module_name = name;
    std::replace(module_name.begin(), module_name.end(), '.', '_');
    state.register_module(module_name, source);
    state.pieces.push_back({target, source, {}});
  }
  for (const auto& item : state.network->named_buffers())
    for (const ChannelAxis* axis : axes[item.key()])
      state.statistics.emplace_back(item.value(), axis);
}

PruningNet::~PruningNet() = default;

nn::Module& PruningNet::module() {
  return *state_;
}

int64_t PruningNet::parameters() {
  int64_t numbers = 0;
  for (const at::Tensor& parameter : state_->nn::Module::parameters()) numbers += parameter.numel();
  return numbers;
}

ImageModelPtr PruningNet::shared() {
  return state_->network;
}

ImageModel& PruningNet::at(const Counts& counts) {
  State& state = *state_;
  const std::vector<bool> keep = leading_atoms(state.structure, counts);
  for (State::Piece& piece : state.pieces) {
    piece.value = piece.source->whole(state.structure, counts);
    for (const ChannelAxis* axis : piece.source->axes)
      piece.value = cropped(piece.value, *axis, keep);
    piece.target.set_data(piece.value.detach().clone(at::MemoryFormat::Contiguous));
    piece.target.mutable_grad() = at::Tensor();
  }
  for (auto& [buffer, axis] : state.statistics) {
    const at::Tensor whole = at::empty({std::ssize(axis->atoms)}, buffer.options());
    // Variances are the buffers that begin at 1.
    at::Tensor fresh = cropped(whole, *axis, keep).clone();
    fresh.fill_(axis->tensor.ends_with("running_var") ? 1 : 0);
    buffer.set_data(fresh);
  }
  adopt_shapes(*state.network);
  state.network->train();
  return *state.network;
}

void PruningNet::hand_back_gradients() {
  std::vector<at::Tensor> values, gradients;
  for (State::Piece& piece : state_->pieces) {
    if (!piece.value.requires_grad() || !piece.target.grad().defined()) continue;
    values.push_back(piece.value);
    gradients.push_back(piece.target.grad());
  }
  torch::autograd::backward(values, gradients);
  for (State::Piece& piece : state_->pieces) piece.value = at::Tensor();
}

ImageModelPtr PruningNet::network(const Counts& counts) {
  torch::NoGradGuard no_grad;
  ImageModel& narrow = at(counts);
  narrow.arguments = state_->arguments;
  note_widths(narrow);
  ImageModelPtr own = copy_of(narrow);
  narrow.arguments = state_->arguments;
  own->eval();
  return own;
}

std::vector<bool> leading_atoms(const Structure& structure, const Counts& counts) {
  std::vector<bool> keep(structure.group_of.size(), false);
  for (size_t i = 0; i < counts.size(); ++i)
    for (int64_t k = 0; k < counts[i]; ++k)
      keep[static_cast<size_t>(structure.groups[i].first + k)] = true;
  return keep;
}

}  // namespace espalier
