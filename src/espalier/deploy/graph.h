// A network as a plain list of operators: what tracing makes, folding rewrites, ONNX files hold and
// the runner runs. Operators, attributes and their meaning are those of ONNX (opset 17); a value is
// known by its name.
//
//   Graph graph = trace(*model, example);
//   fold_norms(graph);
//   write_onnx(graph, "model.onnx");
//   fmt::print("{}", to_text(graph));
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <ATen/core/Tensor.h>

namespace espalier {

using Shape = std::vector<int64_t>;
using Attribute = std::variant<int64_t, double, std::string, std::vector<int64_t>>;

struct Node {
  std::string op;                   // "Conv"
  std::string name;                 // "layer1.0.conv1": the module, where one is known
  std::vector<std::string> inputs;  // "" for an optional input that is absent
  std::vector<std::string> outputs;
  std::map<std::string, Attribute> attributes;  // those absent have ONNX's default
};

struct Port {
  std::string name;
  Shape shape;  // -1: any size (the batch)
};

// How a constant lies in an int8 file: as whole numbers, each times its channel's scale.
struct Steps {
  at::Tensor scale;   // float32, > 0: one number, or one a channel
  int64_t axis = 0;   // of the channels
  bool wide = false;  // int32 (biases), else int8
};

struct Graph {
  std::vector<Port> inputs, outputs;
  std::vector<Node> nodes;  // each after those whose outputs it reads
  std::map<std::string, at::Tensor>
      constants;  // float32 weights under their parameter names; int64 arguments; zero points
  std::map<std::string, Steps>
      steps;  // of those constants that are whole numbers times a scale; their values are the products
  std::map<std::string, std::string> metadata;  // class names, normalisation: the file's string map
};

// Every value is made once and before it is read, names are not empty, outputs exist. Throws
// Error(format).
void verify(const Graph& graph);

// One line a node, for people.
std::string to_text(const Graph& graph);

// How many nodes (and graph outputs) read each value.
std::map<std::string, int64_t> count_uses(const Graph& graph);

// Drops the nodes and constants that nothing reads.
void drop_unread(Graph& graph);

// `wish`, or `wish` with a number behind it, such that no value or constant has the name.
std::string free_name(const Graph& graph, const std::string& wish);

// The text in quotes, shortened, with control characters shown as \xNN: names in messages come from
// files.
std::string in_quotes(std::string_view text);
// "node 'layer1.0.conv1' (Conv)".
std::string describe(const Node& node);

}  // namespace espalier
