// SGD with momentum and AdamW on LibTorch's fused kernels (2 to 5 times faster a step than
// torch::optim), with the state in named tensors so that a checkpoint restores it to the bit.
//
//   Optimiser optimiser(module, config);
//   optimiser.zero_grad();  loss.backward();  optimiser.step(lr);
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <torch/nn/module.h>

#include "espalier/nn/stages.h"
#include "espalier/tensor/stored.h"
#include "espalier/train/config.h"

namespace espalier {

class Optimiser {
 public:
  // Takes the parameters of `module` that require a gradient; weight decay spares norms and biases
  // (every parameter with fewer than two dimensions) unless config.decay_norms. Parameters named in
  // `rates` learn at their stage's factor times the rate.
  Optimiser(torch::nn::Module& module,
            const TrainConfig& config,
            const std::vector<StageRate>& rates = {});

  void zero_grad();
  // One update with this rate; parameters that got no gradient stay as they are. AdamW decays
  // decoupled from the gradient (Loshchilov and Hutter 2017), SGD as a term of the gradient.
  // `momentum` stands for config.momentum, or for beta1 of AdamW, in this step.
  void step(double rate, std::optional<double> momentum = {});
  // Scales all gradients down so that their joint 2-norm is at most `limit`; returns the norm
  // before.
  double clip_gradients(double limit);
  double gradient_norm() const;

  // "momentum.layer1.0.conv1.weight", ...: shares storage with the optimiser.
  NamedTensors state() const;

 private:
  struct Group {
    std::vector<std::string> names;
    std::vector<at::Tensor> parameters, first, second, steps;
    double weight_decay = 0, rate_factor = 1;
  };
  Group& group_of(double weight_decay, double rate_factor);
  void add(Group& group, const std::string& name, const at::Tensor& parameter);
  std::vector<at::Tensor> gradients() const;

  TrainConfig config_;
  std::vector<Group> groups_;
};

}  // namespace espalier
