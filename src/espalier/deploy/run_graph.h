// Runs a graph on LibTorch's kernels: the check of an exported file, and `eval` and `predict` of an
// .onnx file.
//
//   GraphRunner runner(read_onnx("model.onnx"));
//   at::Tensor logits = runner.run(images);   // N x 3 x H x W float -> N x classes
#pragma once

#include <functional>
#include <memory>

#include "espalier/deploy/graph.h"
#include "espalier/deploy/kernels.h"

namespace espalier {

// What every runner demands of a graph: operators, arguments, shapes where the input's are known;
// one input, one output. Throws Error(format | unsupported) naming node and operator.
void check_runnable(const Graph& graph);

// The shape of every value for these images. Throws Error(data) for images that do not fit.
std::map<std::string, Shape> shapes_for(const Graph& graph, const at::Tensor& images);

class GraphRunner {
 public:
  // Throws as check_runnable.
  explicit GraphRunner(Graph graph);

  // Any batch size; another height and width where the graph allows it. fp32, no gradients; values
  // are let go after their last reader. Safe to call from several threads. Throws Error(data) for
  // images that do not fit.
  at::Tensor run(const at::Tensor& images) const;

  // The same, and shows every value on the way, the images first.
  using Observer = std::function<void(const std::string& value, const at::Tensor& numbers)>;
  at::Tensor run(const at::Tensor& images, const Observer& observe) const;

  const Graph& graph() const { return *graph_; }

 private:
  using Slots = std::vector<at::Tensor>;
  struct Step {
    size_t node;
    std::vector<size_t> inputs;  // slots; kAbsent for an absent one
    size_t output;
    std::vector<size_t> free_after;  // slots that no later step reads
    Kernel kernel;
  };
  static constexpr size_t kAbsent = ~size_t{0};

  void plan_steps();
  void run_step(const Step& step, Slots& slots) const;

  std::shared_ptr<const Graph> graph_;  // kernels look into it, so it must not move with the runner
  Slots constants_;                     // by slot; undefined for values
  std::vector<Step> steps_;
  size_t input_ = 0, output_ = 0;
};

}  // namespace espalier
