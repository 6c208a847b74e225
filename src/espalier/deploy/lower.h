// The second half of tracing: LibTorch's recorded operations (aten::...) into nodes of our graph,
// one after the other. For trace.cpp and lower_*.cpp only.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "espalier/deploy/graph.h"

namespace c10 {
struct IValue;
}
namespace torch::jit {
struct Graph;
struct Node;
struct Value;
}  // namespace torch::jit

namespace espalier {

class Lowering {
 public:
  using TorchNode = torch::jit::Node;
  using TorchValue = torch::jit::Value;

  // `names`: of the parameters and buffers by where their data lie.
  Lowering(std::map<const void*, std::string> names, int64_t batch);

  // The whole trace; what it returns is verified.
  Graph lower(const torch::jit::Graph& traced);

  // --- for the rules of lower_ops.cpp ---

  // The name of a tensor input in our graph; a constant is entered under its parameter's name.
  std::string input(const TorchNode& node, size_t position);
  bool is_absent(const TorchNode& node, size_t position) const;
  // An argument that is not a tensor. Throws Error(unsupported) when it was computed from data.
  c10::IValue argument(const TorchNode& node, size_t position) const;
  std::vector<int64_t> integers(const TorchNode& node, size_t position) const;
  bool is_constant(const std::string& name) const { return graph_.constants.count(name) > 0; }
  Shape shape(const TorchValue* value) const;  // as traced
  int64_t batch() const { return batch_; }

  // Appends a node and returns its output's name, which is `wish` or that with a number behind it.
  std::string emit(const std::string& op,
                   const std::string& wish,
                   std::vector<std::string> inputs,
                   std::map<std::string, Attribute> attributes = {});
  // Constants that the operation brings along.
  std::string number(double value);
  std::string numbers(const std::vector<double>& values);
  std::string filled(int64_t size, double value);
  std::string transposed_copy(const std::string& constant);
  std::string integers_constant(const std::vector<int64_t>& values, std::string name = "");
  std::string integer_constant(int64_t value);
  // "layer1.0.conv1" for the constant "layer1.0.conv1.weight".
  static std::string module_of(const std::string& constant);

  void bind(const TorchNode& node, const std::string& name);
  // A transposed weight matrix is remembered, so that a product with it becomes one Gemm.
  // A value that only a convolution may read, which then pads as TensorFlow's "same" does.
  void bind_padded_same(const TorchNode& node, const std::string& unpadded);
  std::optional<std::string> padded_same(const TorchNode& node, size_t position) const;
  void bind_transposed(const TorchNode& node, const std::string& constant);
  std::optional<std::string> transposed(const TorchNode& node, size_t position) const;

  [[noreturn]] void refuse(const TorchNode& node, const std::string& why) const;

 private:
  void lower_node(const TorchNode& node);
  std::optional<at::Tensor> computed_from_constants(const TorchNode& node) const;
  std::optional<c10::IValue> constant_input(const TorchValue& value) const;
  void watch_aliases(const TorchNode& node, const std::string& op);
  std::string enter_constant(const at::Tensor& value);

  Graph graph_;
  std::map<const void*, std::string> names_;
  int64_t batch_;
  std::map<const TorchValue*, std::string> name_of_, transposed_, padded_same_;
  std::map<const TorchValue*, const TorchValue*> root_;  // whose memory a value looks into
};

using LoweringRule = void (*)(Lowering&, const torch::jit::Node&);
// By name without "aten::" (those of nn/pad_same.h: with "espalier::") and without the "_" of an in-place form; null when there is none.
LoweringRule find_lowering_rule(const std::string& op);
LoweringRule find_layout_rule(const std::string& op);  // the part of it in lower_layout.cpp

}  // namespace espalier
