// A graph made ready to run as fast as this machine can: on oneDNN where the program was built with
// it (networks stay in its blocked layouts, weights packed once), else on LibTorch's kernels.
//
//   Network network(read_onnx("model.onnx"), {.precision = "auto"});
//   at::Tensor logits = network.run(images);   // N x 3 x H x W float -> N x classes
#pragma once

#include <memory>
#include <string>

#include "espalier/core/fields.h"
#include "espalier/deploy/graph.h"
#include "espalier/tensor/precision.h"

namespace espalier {

struct NetworkConfig {
  std::string runtime = "auto";    // auto: onednn where the program has it
  std::string precision = "fp32";  // bf16: weights and values in bfloat16, sums in fp32
};
Fields fields(NetworkConfig& config);

// Whether the program was built with oneDNN.
bool has_onednn();

class Network {
 public:
  // Throws Error(format | unsupported) naming node and operator, Error(usage) for a word in `config`
  // that is none.
  explicit Network(Graph graph, NetworkConfig config = {});
  Network(Network&&) noexcept;
  ~Network();

  // Any batch size; another height and width where the graph allows it: each new shape is planned
  // once, the last few plans are kept. No gradients. Several threads may call it, one runs at a
  // time. With precision "auto" the first images decide: bf16 when the processor computes in it, it
  // is at least 1.15 times faster on them, and its answers are within 5 % of the largest fp32 one.
  // Throws Error(data) for images that do not fit.
  at::Tensor run(const at::Tensor& images);

  // "onednn" or "libtorch", and what it computes in; of "auto" once it has run.
  const std::string& runtime() const;
  Precision precision() const;

  // What runs for images of this shape, a line a step with its time. Throws Error(unsupported) for
  // the LibTorch runtime.
  std::string profile(const at::Tensor& images, int rounds = 10);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace espalier
