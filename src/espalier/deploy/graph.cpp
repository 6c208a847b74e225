#include "espalier/deploy/graph.h"

#include <algorithm>
#include <set>

#include <fmt/ranges.h>

#include "espalier/core/error.h"

namespace espalier {
namespace {

std::string attribute_text(const Attribute& attribute) {
  struct Writer {
    std::string operator()(int64_t v) const { return fmt::format("{}", v); }
    std::string operator()(double v) const {  // ONNX's attributes are float
      return fmt::format("{}", static_cast<float>(v));
    }
    std::string operator()(const std::string& v) const { return in_quotes(v); }
    std::string operator()(const std::vector<int64_t>& v) const {
      return fmt::format("[{}]", fmt::join(v, ","));
    }
  };
  return std::visit(Writer{}, attribute);
}

std::string ports_text(const std::vector<Port>& ports) {
  std::string text;
  for (const Port& port : ports)
    text +=
        fmt::format("{}{} [{}]", text.empty() ? "" : ", ", port.name, fmt::join(port.shape, ","));
  return text;
}

void define(std::set<std::string>& known, const std::string& name, const std::string& where) {
  if (name.empty()) fail(Kind::format, "{}: a value has no name", where);
  if (!known.insert(name).second)
    fail(Kind::format, "{}: the value {} is made a second time", where, in_quotes(name));
}

}  // namespace

std::string in_quotes(std::string_view text) {
  constexpr size_t kLongest = 80;
  std::string shown = "'";
  for (unsigned char c : text.substr(0, kLongest))
    shown += c < 0x20 || c >= 0x7f ? fmt::format("\\x{:02x}", c) : std::string(1, char(c));
  return shown + (text.size() > kLongest ? "...'" : "'");
}

std::string describe(const Node& node) {
  const std::string& name =
      !node.name.empty() || node.outputs.empty() ? node.name : node.outputs[0];
  return fmt::format("node {} ({})", in_quotes(name), in_quotes(node.op));
}

void verify(const Graph& graph) {
  std::set<std::string> known;
  for (const auto& [name, value] : graph.constants) define(known, name, "constants");
  for (const Port& port : graph.inputs) define(known, port.name, "graph inputs");
  for (const Node& node : graph.nodes) {
    for (const std::string& input : node.inputs)
      if (!input.empty() && !known.count(input))
        fail(Kind::format,
             "{} reads {}, which nothing before it makes (missing, out of order or a circle)",
             describe(node), in_quotes(input));
    if (node.outputs.empty()) fail(Kind::format, "{} has no output", describe(node));
    for (const std::string& output : node.outputs)
      if (!output.empty() || &output == &node.outputs[0]) define(known, output, describe(node));
  }
  if (graph.outputs.empty()) fail(Kind::format, "the graph has no output");
  for (const Port& port : graph.outputs)
    if (!known.count(port.name))
      fail(Kind::format, "nothing makes the graph's output {}", in_quotes(port.name));
}

std::string to_text(const Graph& graph) {
  std::string text = fmt::format("inputs  {}\n", ports_text(graph.inputs));
  for (const Node& node : graph.nodes) {
    text += fmt::format("{} = {}(", fmt::join(node.outputs, ", "), node.op);
    std::string separator;
    for (const std::string& input : node.inputs) {
      auto constant = graph.constants.find(input);
      text += separator + (input.empty() ? "-" : input);
      if (constant != graph.constants.end())
        text += fmt::format(" [{}]", fmt::join(constant->second.sizes(), ","));
      separator = ", ";
    }
    text += ")";
    for (const auto& [name, value] : node.attributes)
      text += fmt::format(" {}={}", name, attribute_text(value));
    text += "\n";
  }
  return text + fmt::format("outputs {}\n", ports_text(graph.outputs));
}

std::map<std::string, int64_t> count_uses(const Graph& graph) {
  std::map<std::string, int64_t> uses;
  for (const Node& node : graph.nodes)
    for (const std::string& input : node.inputs) ++uses[input];
  for (const Port& port : graph.outputs) ++uses[port.name];
  return uses;
}

void drop_unread(Graph& graph) {
  std::set<std::string> read;
  for (const Port& port : graph.outputs) read.insert(port.name);
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    Node& node = graph.nodes[i];
    bool is_read = std::any_of(node.outputs.begin(), node.outputs.end(),
                               [&](const std::string& output) { return read.count(output) > 0; });
    if (is_read) read.insert(node.inputs.begin(), node.inputs.end());
    if (!is_read) graph.nodes.erase(graph.nodes.begin() + static_cast<std::ptrdiff_t>(i));
  }
  std::erase_if(graph.constants, [&](const auto& item) { return !read.count(item.first); });
  std::erase_if(graph.steps, [&](const auto& item) { return !read.count(item.first); });
}

std::string free_name(const Graph& graph, const std::string& wish) {
  auto taken = [&](const std::string& name) {
    if (graph.constants.count(name)) return true;
    for (const Port& port : graph.inputs)
      if (port.name == name) return true;
    for (const Node& node : graph.nodes)
      for (const std::string& output : node.outputs)
        if (output == name) return true;
    return false;
  };
  if (!taken(wish)) return wish;
  for (int64_t i = 2;; ++i)
    if (std::string name = fmt::format("{}_{}", wish, i); !taken(name)) return name;
}

}  // namespace espalier
