// The weights of a network in the layouts that its primitives want, each made once and shared by
// the plans of all image sizes.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <oneapi/dnnl/dnnl.hpp>

#include "espalier/deploy/graph.h"

namespace espalier::onednn {

const dnnl::engine& engine();
// A dense description of float32 numbers, last axis innermost.
dnnl::memory::desc dense(const dnnl::memory::dims& dims,
                         dnnl::memory::data_type type = dnnl::memory::data_type::f32);

class Weights {
 public:
  // The constant `name` as `wanted`; `plain` says how its numbers lie (float32). The tensor is read
  // at the first call for a name only and let go then, its shape alone stays: later layouts are made
  // from the first.
  dnnl::memory packed(const std::string& name,
                      at::Tensor& tensor,
                      const dnnl::memory::desc& plain,
                      const dnnl::memory::desc& wanted);
  // The same in int8 of a constant that is whole numbers times the scale of `steps`; `plain` is int8, too.
  // These numbers stay beside what is packed, of which other layouts cannot be made.
  dnnl::memory packed_whole(const std::string& name,
                            at::Tensor& tensor,
                            const Steps& steps,
                            const dnnl::memory::desc& plain,
                            const dnnl::memory::desc& wanted);
  bool has(const std::string& name) const { return rows_.count(name) > 0; }
  // A constant that is here, as a plain tensor again (of bf16 weights, the rounded numbers).
  at::Tensor unpacked(const std::string& name, at::IntArrayRef shape) const;

 private:
  struct Row {
    dnnl::memory::desc plain;
    std::vector<dnnl::memory> packed, packed_whole;
    at::Tensor whole;  // int8
    at::Tensor scale;  // shaped to be multiplied with them
  };
  std::map<std::string, Row> rows_;
};

}  // namespace espalier::onednn
