// What a network costs for one picture, counted from shapes, nothing run.
//
//   Cost cost = count_cost(graph, {1, 3, 224, 224});
//   fmt::print("{} parameters, {:.2f} GMACs\n", cost.parameters, cost.macs / 1e9);
#pragma once

#include "espalier/deploy/graph.h"

namespace espalier {

class ImageModel;

// Parameters: weights, biases, gammas and betas, each once (running statistics are not learned).
// MACs: the multiply-adds of Conv, ConvTranspose, Gemm and MatMul; biases, norms, activations and
// pooling are not counted. This is what torchvision and papers print as "FLOPs".
// Activations: the numbers that those four write (Radosavovic et al. 2020, arXiv 2003.13678).
// Traffic: the numbers that those four read and write, weights included: memory traffic of a
// network whose norms and rectifiers are computed along.
// Extras: what MetaPruning's published counter adds to the MACs (arXiv 1903.10258, its cal_FLOPs):
// one an output for a bias of Conv or Gemm and for a batch norm, one a pixel of a pooling's windows.
struct LayerCost {
  std::string name, op;
  Shape output;
  int64_t parameters = 0, macs = 0, activations = 0, traffic = 0, extras = 0;
};

struct Cost {
  int64_t parameters = 0, macs = 0, activations = 0, traffic = 0, extras = 0;
  std::vector<LayerCost> layers;  // those with any of these
};

// Throws as infer_shapes.
Cost count_cost(const Graph& graph, const Shape& input);

// The same of a module that has not been traced yet.
Cost count_cost(ImageModel& model, int64_t channels, int64_t height, int64_t width);

}  // namespace espalier
