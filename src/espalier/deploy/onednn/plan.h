// A network laid out for one shape of images and one precision: a list of oneDNN primitives over one
// block of memory. Values stay in the blocked layouts that the convolutions choose, activations and
// residual sums are computed with them, weights are packed beforehand. What oneDNN has no fast
// primitive for runs on LibTorch's kernels in between.
#pragma once

#include <memory>

#include "espalier/deploy/graph.h"
#include "espalier/deploy/kernels.h"
#include "espalier/deploy/onednn/weights.h"
#include "espalier/tensor/precision.h"

namespace espalier::onednn {

// A value where it lies while the plan is made: a buffer (an index), seen as `desc`. Of int8 or uint8
// numbers each is worth `step`.
struct Place {
  size_t buffer;
  dnnl::memory::desc desc;
  float step = 1;
};

struct PrimitiveStep {
  dnnl::primitive primitive;
  std::vector<std::pair<int, Place>> values;            // by DNNL_ARG_...
  std::vector<std::pair<int, dnnl::memory>> constants;  // the same, packed weights
  size_t scratchpad = 0;                                // bytes
  std::string name;                                     // node, operator and implementation
};

struct KernelStep {
  Kernel kernel;
  std::vector<at::Tensor> constants;             // by input; undefined where a value comes
  std::vector<std::pair<size_t, Place>> values;  // by input, dense float32
  Place output;                                  // dense float32
  std::string name;
};

struct Step {
  std::unique_ptr<PrimitiveStep> primitive;  // one of the two
  std::unique_ptr<KernelStep> kernel;
};

// What the builder decided.
struct Layout {
  struct Buffer {
    size_t bytes, first, last;  // steps that write it first and read it last
  };
  static constexpr size_t kImages = 0, kLogits = 1;  // buffers that the caller brings
  std::vector<Buffer> buffers;
  std::vector<Step> steps;
  Shape output;
};

// How maps lie between convolutions: as each wishes, or all alike, which saves rearranging between
// them.
enum class Arrangement { as_wished, channels_last, blocks_of_16 };

// In fp32 with AVX-512: in blocks of 16 channels, 1 to 7 % faster for ResNet-50 than the others; but
// channels last for networks of up to 64 channels on average, where blocks are no faster, and where filling
// them up would take too much of the work (widths of 11 or 23: there 1.2 to 1.4 times as fast). Int8 graphs
// have their channels last, as oneDNN's int8 primitives want them. Else as wished.
Arrangement usual_arrangement(const Graph& graph,
                              const std::map<std::string, Shape>& shapes,
                              Precision precision);

// `shapes` of all values, as infer_shapes gives them. Constants of the graph that primitives read move
// into `weights`; what stays in the graph has their shapes. channels_last: how the images will lie. Throws
// Error(unsupported).
Layout build_layout(Graph& graph,
                    const std::map<std::string, Shape>& shapes,
                    Weights& weights,
                    Precision precision,
                    Arrangement arrangement,
                    bool channels_last);

class Plan {
 public:
  explicit Plan(Layout layout);
  // images: float32 of the shape and memory format that the layout was built for. Not from two
  // threads at once. Returns the output, dense.
  at::Tensor run(const at::Tensor& images);

  size_t arena_bytes() const { return arena_bytes_; }
  // One line a step: what runs and how long it took, in milliseconds, over `rounds` runs.
  std::string profile(const at::Tensor& images, int rounds);

 private:
  struct Ready {
    dnnl::primitive primitive;
    std::unordered_map<int, dnnl::memory> arguments;
    Kernel kernel;
    std::vector<at::Tensor> inputs;
    at::Tensor output;
    std::string name;
  };
  void run_step(const Ready& step);
  void bind(const at::Tensor& images, const at::Tensor& output);

  struct Free {
    void operator()(void* block) const;
  };
  std::unique_ptr<void, Free> arena_;
  size_t arena_bytes_ = 0;
  std::vector<Ready> steps_;
  std::vector<dnnl::memory> images_, logits_;  // whose handles change with each run
  Shape output_;
  dnnl::stream stream_;
};

}  // namespace espalier::onednn
