// Stochastic weight averaging (Izmailov et al. 2018, arXiv 1803.05407, algorithm 1): the plain mean
// of the weights at the ends of the last epochs. Norms need fresh statistics afterwards
// (nn/recalibrate.h).
//
//   Swa swa(module);   swa.add();  ...  swa.add();
//   { Swa::Scope averaged(swa); recalibrate_norms(module, ...); evaluate(module); }
#pragma once

#include <string>
#include <vector>

#include <torch/nn/module.h>

#include "espalier/tensor/stored.h"

namespace espalier {

class Swa {
 public:
  explicit Swa(torch::nn::Module& module);

  // Takes in the parameters as they are now; all times weigh the same.
  void add();
  int64_t count() const;

  // "swa.conv1.weight", ..., and "swa.count": shares storage, so that a checkpoint restores both.
  NamedTensors state() const;

  // While a Scope lives, the mean stands in the module's parameters; at its end parameters and
  // buffers are what they were.
  class Scope {
   public:
    explicit Scope(const Swa& swa);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    std::vector<std::pair<at::Tensor, at::Tensor>> kept_;  // live, its value before
  };

 private:
  torch::nn::Module& module_;
  std::vector<std::string> names_;
  std::vector<at::Tensor> live_, mean_;
  at::Tensor count_;
};

}  // namespace espalier
