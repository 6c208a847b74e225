// What a network costs for one picture, counted from shapes, nothing run.
//
//   Cost cost = count_cost(graph, {1, 3, 224, 224});
//   fmt::print("{} parameters, {:.2f} GMACs\n", cost.parameters, cost.macs / 1e9);
#pragma once

#include "espalier/deploy/graph.h"

namespace espalier {

class ImageModel;

struct LayerCost {
  std::string name, op;
  Shape output;
  int64_t parameters, macs;
};

struct Cost {
  int64_t parameters = 0;
  int64_t macs = 0;
  std::vector<LayerCost> layers;  // those with either
};

// Parameters: weights, biases, gammas and betas, each once (running statistics are not learned).
// MACs: the multiply-adds of Conv, ConvTranspose, Gemm and MatMul; biases, norms, activations and
// pooling are not counted. This is what torchvision and papers print as "FLOPs". Throws as
// infer_shapes.
Cost count_cost(const Graph& graph, const Shape& input);

// The same of a module that has not been traced yet.
Cost count_cost(ImageModel& model, int64_t channels, int64_t height, int64_t width);

}  // namespace espalier
