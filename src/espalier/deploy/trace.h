// From a module to a graph: the network is run once in evaluation mode while LibTorch's tracer
// listens, and what it heard is written in ONNX's operators. Weights keep their parameter names;
// the batch size stays open.
//
//   Graph graph = trace(*model, torch::zeros({1, 3, 224, 224}));
//   fmt::print("{}", to_text(graph));
#pragma once

#include "espalier/deploy/graph.h"

namespace espalier {

class ImageModel;

// `example`: N x C x H x W float; its values do not matter (what the network computes must not
// branch on them). Input "images", output "logits". Weights are copied. Mode and gradients of the
// model are as before afterwards. Throws Error(unsupported) naming an operation that ONNX or this
// project has no word for, and the layer before it.
Graph trace(ImageModel& model, const at::Tensor& example);

}  // namespace espalier
