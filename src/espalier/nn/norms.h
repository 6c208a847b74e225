// Batch norms of a network by name, and norms that stay frozen.
//
//   for (const NamedNorm& norm : batch_norms(*net)) say(norm.name);
//   freeze_norms(*net);     // detection on few images a batch: keep the backbone's statistics
//   net->train();           // they stay frozen
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <torch/nn/module.h>

namespace espalier {

struct NamedNorm {
  std::string name;  // "layer1.0.bn1"
  std::shared_ptr<torch::nn::Module> module;
};

// The BatchNorm1d, 2d and 3d below `module`, in order.
std::vector<NamedNorm> batch_norms(const torch::nn::Module& module);

// The share of a new batch in the running statistics; nullopt: all batches weigh the same. Returns
// the old value. Throws Error(internal) when `norm` is not a batch norm.
std::optional<double> set_momentum(torch::nn::Module& norm, std::optional<double> momentum);

// Puts every batch norm below `module` into eval mode, and back into it whenever train() reaches
// `module` (a global train() that silently thaws them is the usual accident). Their gamma and beta
// stop learning unless `learn_affine`. Calling train() on a part of `module` alone still thaws that
// part.
void freeze_norms(torch::nn::Module& module, bool learn_affine = false);
// Undoes it; the norms follow the module's mode again.
void thaw_norms(torch::nn::Module& module);

// A scope in which a pass may run `net` in any mode. At its end every module has the mode it had,
// and the norms their statistics, unless keep_new_statistics() was called.
class NormScope {
 public:
  explicit NormScope(torch::nn::Module& net);
  ~NormScope();
  NormScope(const NormScope&) = delete;
  NormScope& operator=(const NormScope&) = delete;

  const std::vector<NamedNorm>& norms() const { return norms_; }
  void keep_new_statistics() { statistics_.clear(); }

 private:
  std::vector<NamedNorm> norms_;
  std::vector<std::pair<torch::nn::Module*, bool>> modes_;     // parents before children
  std::vector<std::pair<at::Tensor, at::Tensor>> statistics_;  // buffer, old value
};

}  // namespace espalier
