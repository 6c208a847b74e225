#include "espalier/train/optimiser.h"

#include <unordered_map>

#include "espalier/nn/param_groups.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

template <class T>
void take(const std::vector<T>& from, const std::vector<size_t>& which, std::vector<T>& to) {
  for (size_t i : which)
    if (i < from.size()) to.push_back(from[i]);
}

// The `i`th tensors of all lists as plain rows of memory, where all lie in it alike: the fused
// kernels would bring channels-last tensors into logical order and back, at twice the time.
void flatten(std::initializer_list<std::vector<at::Tensor>*> lists, size_t i) {
  const at::Tensor& model = (**lists.begin())[i];
  if (!model.is_non_overlapping_and_dense()) return;
  for (const std::vector<at::Tensor>* list : lists)
    if (i < list->size() && (*list)[i].strides() != model.strides()) return;
  int64_t size = model.numel();
  for (std::vector<at::Tensor>* list : lists)
    if (i < list->size()) (*list)[i] = (*list)[i].as_strided({size}, {1});
}

}  // namespace

Optimiser::Optimiser(torch::nn::Module& module,
                     const TrainConfig& config,
                     const std::vector<StageRate>& rates)
    : config_(config) {
  std::unordered_map<std::string, double> factors;
  for (const StageRate& stage : rates)
    for (const std::string& name : stage.parameters) factors[name] = stage.factor;
  auto add_all = [&](const NamedTensors& parameters, double weight_decay) {
    for (const auto& [name, parameter] : parameters) {
      auto found = factors.find(name);
      add(group_of(weight_decay, found == factors.end() ? 1 : found->second), name, parameter);
    }
  };
  ParameterGroups split = split_by_decay(module);
  add_all(split.decayed, config.weight_decay);
  add_all(split.not_decayed, config.decay_norms ? config.weight_decay : 0);
}

Optimiser::Group& Optimiser::group_of(double weight_decay, double rate_factor) {
  for (Group& group : groups_)
    if (group.weight_decay == weight_decay && group.rate_factor == rate_factor) return group;
  Group& made = groups_.emplace_back();
  made.weight_decay = weight_decay;
  made.rate_factor = rate_factor;
  return made;
}

void Optimiser::add(Group& group, const std::string& name, const at::Tensor& parameter) {
  group.names.push_back(name);
  group.parameters.push_back(parameter);
  group.first.push_back(at::zeros_like(parameter).detach());
  if (config_.optimiser != "adamw") return;
  group.second.push_back(at::zeros_like(parameter).detach());
  group.steps.push_back(at::zeros({}, at::kFloat));
}

void Optimiser::zero_grad() {
  for (Group& group : groups_)
    for (at::Tensor& parameter : group.parameters) parameter.mutable_grad().reset();
}

void Optimiser::step(double common_rate, std::optional<double> momentum) {
  torch::NoGradGuard guard;
  for (Group& group : groups_) {
    double rate = common_rate * group.rate_factor;
    std::vector<size_t> live;
    for (size_t i = 0; i < group.parameters.size(); ++i)
      if (group.parameters[i].grad().defined()) live.push_back(i);
    if (live.empty()) continue;
    std::vector<at::Tensor> parameters, gradients, first, second, steps;
    for (size_t i : live) {
      parameters.push_back(group.parameters[i].detach());
      gradients.push_back(group.parameters[i].grad());
    }
    take(group.first, live, first);
    take(group.second, live, second);
    take(group.steps, live, steps);
    for (size_t i = 0; i < live.size(); ++i) flatten({&parameters, &gradients, &first, &second}, i);
    if (config_.optimiser == "adamw") {
      for (at::Tensor& count : steps) count.add_(1);
      at::_fused_adamw_(parameters, gradients, first, second, {}, steps, rate,
                        momentum.value_or(config_.beta1), config_.beta2, group.weight_decay,
                        config_.adam_eps, /*amsgrad=*/false,
                        /*maximize=*/false);
    } else {
      // A zero momentum buffer makes the first step equal to the special first step of the
      // published code.
      double kept = momentum.value_or(config_.momentum);
      at::_fused_sgd_(parameters, gradients, first, group.weight_decay, kept, rate,
                      /*dampening=*/0, config_.nesterov && kept > 0, /*maximize=*/false,
                      /*is_first_step=*/false);
    }
  }
}

std::vector<at::Tensor> Optimiser::gradients() const {
  std::vector<at::Tensor> gradients;
  for (const Group& group : groups_)
    for (const at::Tensor& parameter : group.parameters)
      if (parameter.grad().defined()) gradients.push_back(parameter.grad());
  return gradients;
}

double Optimiser::gradient_norm() const {
  torch::NoGradGuard guard;
  std::vector<at::Tensor> all = gradients();
  return all.empty() ? 0 : at::stack(at::_foreach_norm(all, 2)).norm().item<double>();
}

double Optimiser::clip_gradients(double limit) {
  torch::NoGradGuard guard;
  double norm = gradient_norm();
  if (norm > limit) at::_foreach_mul_(gradients(), limit / (norm + 1e-6));
  return norm;
}

NamedTensors Optimiser::state() const {
  NamedTensors tensors;
  bool adam = config_.optimiser == "adamw";
  for (const Group& group : groups_) {
    for (size_t i = 0; i < group.names.size(); ++i) {
      tensors.emplace_back((adam ? "adam.first." : "momentum.") + group.names[i], group.first[i]);
      if (!adam) continue;
      tensors.emplace_back("adam.second." + group.names[i], group.second[i]);
      tensors.emplace_back("adam.steps." + group.names[i], group.steps[i]);
    }
  }
  return tensors;
}

}  // namespace espalier
