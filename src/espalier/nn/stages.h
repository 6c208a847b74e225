// The stages of a network by their distance from its output, and learning rates that go by them:
// what was learnt on millions of pictures moves less than a head that begins at random (Howard and
// Ruder 2018, arXiv 1801.06146, section 3.2, discriminative fine-tuning).
//
//   for (const StageRate& stage : stage_rates(*net, *net, /*head_rate=*/10, /*layer_decay=*/0.75))
//     fmt::print("{} x{}\n", stage.name, stage.factor);   // fc x10, layer4 x0.75, layer3 x0.5625 ...
#pragma once

#include <string>
#include <vector>

namespace torch::nn {
class Module;
}

namespace espalier {

struct StageRate {
  std::string name;                     // of its first module: "layer4", "blocks.3"
  double factor = 1;                    // times the learning rate
  std::vector<std::string> parameters;  // as `whole` names them
};

// The stages of `net`, its head first. A stage is a child of the network, in the order of
// registration; a child that holds more than four fifths of all parameter tensors (a list of blocks) is opened, and
// its children are stages. A norm belongs to the stage before it, what the network owns itself
// (class token, positions) to the first one.
//
// The head's factor is `head_rate`, that of the stage k steps before it layer_decay^k. Parameters of
// `whole` outside `net` (heads that training adds) go with the head. Both may be the same module.
std::vector<StageRate> stage_rates(const torch::nn::Module& whole,
                                   const torch::nn::Module& net,
                                   double head_rate,
                                   double layer_decay);

}  // namespace espalier
