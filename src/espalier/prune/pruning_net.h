// A network whose weights are made by small networks from the widths of its layers, so that one
// training serves every width (MetaPruning, Liu et al., ICCV 2019, section 3.1).
//
//   PruningNet net(model, structure, {.hidden = 32}, /*seed=*/1);
//   ImageModel& narrow = net.at(counts);             // the widths of one step
//   loss_of(narrow.forward(images)).backward();
//   net.hand_back_gradients();                       // from its weights to what made them
//   ImageModelPtr candidate = net.network(counts);   // stands alone
//
// Each weight that has prunable channels comes from two fully connected layers with a ReLU between,
// whose inputs are the shares of the widths around it, and of which the leading channels are taken.
// What remains of a group are its leading atoms.
#pragma once

#include <memory>

#include "espalier/core/fields.h"
#include "espalier/models/model.h"
#include "espalier/prune/structure.h"

namespace espalier {

struct PruningNetConfig {
  int64_t hidden = 32;  // of the generators, which have (hidden + 1) numbers for each weight
  // Scales and shifts of the batch norms: none, as published for MobileNet V2 and ResNet-50; shared:
  // one for all widths, of which the leading are taken.
  std::string affine = "none";
};
Fields fields(PruningNetConfig& config);

class PruningNet {
 public:
  // A fresh one: of the weights of `model` nothing is used. Both must outlive it.
  PruningNet(const ImageModel& model,
             const Structure& structure,
             const PruningNetConfig& config,
             int64_t seed);
  ~PruningNet();

  // What is trained, and its size.
  torch::nn::Module& module();
  int64_t parameters();

  // The network at these widths, in training mode: the same object at each call, with other weights.
  // Its norms have statistics of nothing yet.
  ImageModel& at(const Counts& counts);
  ImageModelPtr shared();  // that object

  // Adds the gradients of the network's weights to those of module(). Once after each backward pass.
  void hand_back_gradients();

  // A network of its own with the weights for these widths, as remove_channels() would have left it.
  ImageModelPtr network(const Counts& counts);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Which atoms stay when the leading `counts` of each group do.
std::vector<bool> leading_atoms(const Structure& structure, const Counts& counts);

}  // namespace espalier
