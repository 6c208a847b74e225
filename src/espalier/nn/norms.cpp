#include "espalier/nn/norms.h"

#include "espalier/core/error.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

constexpr const char* kKeeper = "frozen_norms";

// A child without parameters. Module::train() visits children in order, so the last one has the
// last word.
class NormKeeper : public torch::nn::Module {
 public:
  explicit NormKeeper(const std::vector<NamedNorm>& norms) {
    for (const NamedNorm& norm : norms) norms_.push_back(norm.module);
  }
  void train(bool on = true) override {
    Module::train(on);
    for (const auto& norm : norms_)
      if (auto alive = norm.lock()) alive->eval();
  }

 private:
  std::vector<std::weak_ptr<torch::nn::Module>> norms_;
};

void set_learning(const std::vector<NamedNorm>& norms, bool on) {
  for (const NamedNorm& norm : norms)
    for (torch::Tensor& parameter : norm.module->parameters()) parameter.set_requires_grad(on);
}

template <class Norm>
std::optional<double> exchange_momentum(Norm& norm, std::optional<double> momentum) {
  std::optional<double> old = norm.options.momentum();
  norm.options.momentum(momentum);
  return old;
}

bool is_frozen(const torch::nn::Module& module) {
  return module.named_children().contains(kKeeper);
}

}  // namespace

std::vector<NamedNorm> batch_norms(const torch::nn::Module& module) {
  std::vector<NamedNorm> norms;
  for (const auto& item : module.named_modules("", /*include_self=*/false)) {
    const torch::nn::Module& child = *item.value();
    if (child.as<torch::nn::BatchNorm2d>() || child.as<torch::nn::BatchNorm1d>() ||
        child.as<torch::nn::BatchNorm3d>())
      norms.push_back({item.key(), item.value()});
  }
  return norms;
}

std::optional<double> set_momentum(torch::nn::Module& norm, std::optional<double> momentum) {
  if (auto* flat = norm.as<torch::nn::BatchNorm2d>()) return exchange_momentum(*flat, momentum);
  if (auto* line = norm.as<torch::nn::BatchNorm1d>()) return exchange_momentum(*line, momentum);
  if (auto* solid = norm.as<torch::nn::BatchNorm3d>()) return exchange_momentum(*solid, momentum);
  fail(Kind::internal, "{} is not a batch norm", norm.name());
}

void freeze_norms(torch::nn::Module& module, bool learn_affine) {
  std::vector<NamedNorm> norms = batch_norms(module);
  if (!is_frozen(module)) module.register_module(kKeeper, std::make_shared<NormKeeper>(norms));
  set_learning(norms, learn_affine);
  for (const NamedNorm& norm : norms) norm.module->eval();
}

void thaw_norms(torch::nn::Module& module) {
  if (!is_frozen(module)) return;
  module.unregister_module(kKeeper);
  std::vector<NamedNorm> norms = batch_norms(module);
  set_learning(norms, true);
  for (const NamedNorm& norm : norms) norm.module->train(module.is_training());
}

NormScope::NormScope(torch::nn::Module& net) : norms_(batch_norms(net)) {
  modes_.emplace_back(&net, net.is_training());
  for (const auto& child : net.modules(/*include_self=*/false))
    modes_.emplace_back(child.get(), child->is_training());
  for (const NamedNorm& norm : norms_)
    for (const torch::Tensor& buffer : norm.module->buffers())
      statistics_.emplace_back(buffer, buffer.detach().clone());
}

NormScope::~NormScope() {
  torch::NoGradGuard no_grad;
  for (auto& [module, training] : modes_) module->train(training);
  for (auto& [buffer, old] : statistics_) buffer.copy_(old);
}

}  // namespace espalier
