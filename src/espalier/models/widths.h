// Widths of single layers that differ from those the family's config gives: how a pruned network is
// described. They stand under "layer_widths" among the arguments that make_model() takes and a model file
// carries, so they travel with the rest:
//
//   make_model("resnet18", {{"layer_widths", {{"conv1", {{"out", 37}}}, {"bn1", 37}, ...}}});
//
// A convolution or linear layer has {"in": channels, "out": channels}, of which those that are as
// the config says may be missing; a norm has a number; a parameter that is a module's own has its
// shape.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "espalier/models/model.h"

namespace espalier {

// Cuts the layers of a net to `widths`: what remains of each parameter is its beginning, and of the
// weights of layers that read less than before it is scaled by sqrt(before / now), which keeps the
// size of what a freshly initialised layer gives. Grouped convolutions keep the channels of a group,
// so that their number of groups falls. Throws Error(usage) naming the layer for one that the net
// has not, that has no width, or that would become wider or empty.
void set_widths(torch::nn::Module& net, const nlohmann::json& widths);

// Makes the layers of a net believe the shapes that their parameters have been given.
void adopt_shapes(torch::nn::Module& net);

// The widths by which `net` differs from `whole`, which has the same modules.
nlohmann::json widths_of(const torch::nn::Module& net, const torch::nn::Module& whole);

}  // namespace espalier
