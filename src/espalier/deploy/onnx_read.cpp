#include "espalier/deploy/onnx_read.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "espalier/core/error.h"
#include "espalier/core/memory.h"
#include "espalier/deploy/onnx_wire.h"
#include "espalier/deploy/operators.h"
#include "espalier/deploy/qdq.h"
#include "espalier/deploy/shapes.h"
#include "espalier/format/checksum.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

constexpr int64_t kFloat = 1, kUint8 = 2, kInt8 = 3, kInt32 = 6,
                  kInt64 = 7;  // TensorProto.DataType
constexpr int64_t kOldestOpset = 11, kNewestOpset = 22;

struct RawTensor {
  std::string name;
  Shape shape;
  int64_t type = 0;
  std::optional<std::string_view> raw;
  std::vector<float> floats;
  std::vector<int64_t> integers;
};

RawTensor parse_raw_tensor(std::string_view bytes, const std::string& place) {
  RawTensor tensor;
  WireReader reader(bytes, place);
  while (auto field = reader.next()) {
    switch (field->number) {
      case 1:
        field->append_integers(tensor.shape);
        break;
      case 2:
        tensor.type = field->integer();
        break;
      case 4:
        field->append_floats(tensor.floats);
        break;
      case 5:
      case 7:
        field->append_integers(tensor.integers);
        break;
      case 8:
        tensor.name = field->text();
        break;
      case 9:
        tensor.raw = field->message();
        break;
      case 13:
        fail(Kind::format, "{}: the tensor's data lie in another file; save the model as one file",
             place);
      case 14:
        if (field->integer() != 0)
          fail(Kind::format,
               "{}: the tensor's data lie in another file; save the model as one file", place);
        break;
      default:
        break;
    }
  }
  return tensor;
}

// Copies what the file has; the shape was checked against it.
at::Tensor filled(const Shape& shape, at::ScalarType type, const void* data, size_t bytes) {
  at::Tensor tensor = at::empty(shape, type);
  if (bytes > 0) std::memcpy(tensor.mutable_data_ptr(), data, bytes);
  return tensor;
}

at::Tensor to_tensor(const RawTensor& raw, const std::string& place) {
  std::string where = fmt::format("{}, tensor {}", place, in_quotes(raw.name));
  bool is_byte = raw.type == kUint8 || raw.type == kInt8;
  if (raw.type != kFloat && raw.type != kInt32 && raw.type != kInt64 && !is_byte)
    fail(Kind::unsupported,
         "{}: data type {}; float32 (1), uint8 (2), int8 (3), int32 (6) and int64 (7) are handled",
         where, raw.type);
  if (raw.shape.size() > 8)
    fail(Kind::unsupported, "{}: {} axes; 8 are handled", where, raw.shape.size());
  for (int64_t size : raw.shape)
    if (size < 0) fail(Kind::format, "{}: a size of {}", where, size);
  auto numbers =
      static_cast<uint64_t>(with_context(where, [&] { return count_numbers(raw.shape); }));
  size_t width = raw.type == kInt64 ? 8 : is_byte ? 1 : 4;
  size_t given = raw.raw              ? raw.raw->size() / width
                 : raw.type == kFloat ? raw.floats.size()
                                      : raw.integers.size();
  if (given != numbers || (raw.raw && raw.raw->size() % width != 0))
    fail(Kind::format, "{}: its shape {} has {} numbers, its data {}{}", where,
         shape_text(raw.shape), numbers, raw.raw ? raw.raw->size() : given,
         raw.raw ? " bytes" : "");
  if (raw.type == kFloat)
    return filled(raw.shape, at::kFloat,
                  raw.raw ? static_cast<const void*>(raw.raw->data()) : raw.floats.data(),
                  numbers * width);
  if (is_byte) {
    at::ScalarType type = raw.type == kUint8 ? at::kByte : at::kChar;
    if (raw.raw) return filled(raw.shape, type, raw.raw->data(), numbers);
    std::vector<uint8_t> bytes(raw.integers.begin(), raw.integers.end());
    return filled(raw.shape, type, bytes.data(), numbers);
  }
  if (!raw.raw) return filled(raw.shape, at::kLong, raw.integers.data(), numbers * 8);
  if (raw.type == kInt64) return filled(raw.shape, at::kLong, raw.raw->data(), numbers * 8);
  std::vector<int64_t> wide(numbers);
  for (size_t i = 0; i < numbers; ++i) {
    int32_t narrow;
    std::memcpy(&narrow, raw.raw->data() + 4 * i, 4);
    wide[i] = narrow;
  }
  return filled(raw.shape, at::kLong, wide.data(), numbers * 8);
}

// AttributeProto. Only one of the values is meant; `type` says which, and old files leave it out.
struct RawAttribute {
  std::string name;
  std::optional<Attribute> value;
  std::optional<at::Tensor> tensor;
  std::vector<float> floats;
  bool is_foreign = false;  // inner graphs and other things that no operator of ours has
};

RawAttribute parse_attribute(std::string_view bytes, const std::string& place) {
  RawAttribute attribute;
  std::vector<int64_t> integers;
  int64_t type = 0;
  bool has_integers = false;
  WireReader reader(bytes, place);
  while (auto field = reader.next()) {
    switch (field->number) {
      case 1:
        attribute.name = field->text();
        break;
      case 2:
        attribute.value = static_cast<double>(field->number32());
        break;
      case 3:
        attribute.value = field->integer();
        break;
      case 4:
        attribute.value = field->text();
        break;
      case 5:
        attribute.tensor = to_tensor(parse_raw_tensor(field->message(), place), place);
        break;
      case 7:
        field->append_floats(attribute.floats);
        break;
      case 8:
        field->append_integers(integers), has_integers = true;
        break;
      case 20:
        type = field->integer();
        break;
      case 6:   // a graph
      case 9:   // texts
      case 10:  // tensors
      case 11:  // graphs
      case 15:  // a type
      case 21:  // a name in the function around it
        attribute.is_foreign = true;
        break;
      default:
        break;
    }
  }
  // Zero-valued scalars and empty lists may be left out by writers that drop defaults.
  if (has_integers || type == 7) attribute.value = std::move(integers);
  if (!attribute.value && type == 1) attribute.value = 0.0;
  if (!attribute.value && type == 2) attribute.value = int64_t{0};
  if (!attribute.value && type == 3) attribute.value = std::string();
  return attribute;
}

struct RawNode {
  Node node;
  std::optional<at::Tensor> constant;  // what a Constant node holds
};

std::optional<at::Tensor> constant_of(const RawAttribute& a) {
  if (a.tensor) return a.tensor;
  if (a.name == "value_float" && a.value && std::holds_alternative<double>(*a.value))
    return at::full({}, std::get<double>(*a.value), at::kFloat);
  if (a.name == "value_int" && a.value && std::holds_alternative<int64_t>(*a.value))
    return at::full({}, std::get<int64_t>(*a.value), at::kLong);
  if (a.name == "value_ints" && a.value && std::holds_alternative<std::vector<int64_t>>(*a.value)) {
    const auto& values = std::get<std::vector<int64_t>>(*a.value);
    return filled({static_cast<int64_t>(values.size())}, at::kLong, values.data(),
                  values.size() * 8);
  }
  if (a.name == "value_floats")
    return filled({static_cast<int64_t>(a.floats.size())}, at::kFloat, a.floats.data(),
                  a.floats.size() * 4);
  return std::nullopt;
}

RawNode parse_node(std::string_view bytes, const std::string& place) {
  RawNode raw;
  Node& node = raw.node;
  std::string domain;
  std::vector<RawAttribute> attributes;
  WireReader reader(bytes, place);
  while (auto field = reader.next()) {
    switch (field->number) {
      case 1:
        node.inputs.push_back(field->text());
        break;
      case 2:
        node.outputs.push_back(field->text());
        break;
      case 3:
        node.name = field->text();
        break;
      case 4:
        node.op = field->text();
        break;
      case 5:
        attributes.push_back(parse_attribute(field->message(), place));
        break;
      case 7:
        domain = field->text();
        break;
      default:
        break;
    }
  }
  while (!node.inputs.empty() && node.inputs.back().empty()) node.inputs.pop_back();
  if (!domain.empty() && domain != "ai.onnx")
    fail(Kind::unsupported, "{}: {} is of the operator set {}; only ONNX's own is handled", place,
         describe(node), in_quotes(domain));
  for (RawAttribute& attribute : attributes) {
    if (node.op == "Constant") {
      raw.constant = constant_of(attribute);
      continue;
    }
    if (attribute.is_foreign || !attribute.value)
      fail(Kind::unsupported, "{}: {}: the attribute {} is of a kind that is not handled", place,
           describe(node), in_quotes(attribute.name));
    if (!node.attributes.emplace(attribute.name, std::move(*attribute.value)).second)
      fail(Kind::format, "{}: {} has the attribute {} twice", place, describe(node),
           in_quotes(attribute.name));
  }
  if (node.op == "Constant" && (!raw.constant || node.outputs.size() != 1))
    fail(Kind::unsupported, "{}: {} holds no plain numbers", place, describe(node));
  return raw;
}

int64_t parse_dimension(std::string_view bytes, const std::string& place) {
  int64_t size = -1;
  WireReader reader(bytes, place);
  while (auto field = reader.next())
    if (field->number == 1) size = field->integer();
  if (size < -1 || size == 0 || size > int64_t{1} << 31)
    fail(Kind::format, "{}: a size of {}", place, size);
  return size;
}

// The message in field `number` of a message, or nothing.
std::optional<std::string_view> inner(std::string_view bytes,
                                      uint32_t number,
                                      const std::string& place) {
  std::optional<std::string_view> found;
  WireReader reader(bytes, place);
  while (auto field = reader.next())
    if (field->number == number) found = field->message();
  return found;
}

Port parse_port(std::string_view bytes, const std::string& place) {
  Port port;
  std::string_view type;
  WireReader reader(bytes, place);
  while (auto field = reader.next()) {
    if (field->number == 1) port.name = field->text();
    if (field->number == 2) type = field->message();
  }
  std::string where = fmt::format("{}, graph port {}", place, in_quotes(port.name));
  auto tensor = inner(type, 1, where);
  if (!tensor) fail(Kind::unsupported, "{}: it is not a tensor", where);
  auto shape = inner(*tensor, 2, where);
  WireReader dimensions(shape.value_or(std::string_view()), where);
  while (auto field = dimensions.next())
    if (field->number == 1) port.shape.push_back(parse_dimension(field->message(), where));
  if (port.shape.size() > 8)
    fail(Kind::unsupported, "{}: {} axes; 8 are handled", where, port.shape.size());
  return port;
}

void add_constant(Graph& graph,
                  const std::string& name,
                  at::Tensor value,
                  const std::string& place) {
  if (!graph.constants.emplace(name, std::move(value)).second)
    fail(Kind::format, "{}: the constant {} is given twice", place, in_quotes(name));
}

Graph parse_graph(std::string_view bytes, const std::string& place, bool read_once) {
  Graph graph;
  WireReader reader(bytes, place);
  while (auto field = reader.next()) {
    if (field->number == 1) {
      RawNode raw =
          parse_node(field->message(), fmt::format("{}, node {}", place, graph.nodes.size()));
      if (raw.constant) add_constant(graph, raw.node.outputs[0], *raw.constant, place);
      if (!raw.constant) graph.nodes.push_back(std::move(raw.node));
    } else if (field->number == 5) {
      RawTensor raw = parse_raw_tensor(
          field->message(), fmt::format("{}, initializer {}", place, graph.constants.size()));
      add_constant(graph, raw.name, to_tensor(raw, place), place);
      if (read_once && raw.raw) give_back_pages(raw.raw->data(), raw.raw->size());
    } else if (field->number == 11) {
      graph.inputs.push_back(parse_port(field->message(), place));
    } else if (field->number == 12) {
      graph.outputs.push_back(parse_port(field->message(), place));
    } else if (field->number == 15) {
      fail(Kind::unsupported, "{}: sparse initializers are not handled", place);
    }
  }
  // Files of IR version 3 list their weights among the inputs too.
  std::erase_if(graph.inputs,
                [&](const Port& port) { return graph.constants.count(port.name) > 0; });
  return graph;
}

// PyTorch's exporter keeps equal weights once and hands them on through Identity nodes; here a name
// for a constant is the constant.
void see_through_identities(Graph& graph) {
  std::map<std::string, std::string> constant_of;
  for (Node& node : graph.nodes) {
    for (std::string& input : node.inputs)
      if (auto known = constant_of.find(input); known != constant_of.end()) input = known->second;
    if (node.op == "Identity" && node.inputs.size() == 1 && node.outputs.size() == 1 &&
        graph.constants.count(node.inputs[0]))
      constant_of[node.outputs[0]] = node.inputs[0];
  }
}

// The opset of ONNX's own domain.
void parse_opset(std::string_view bytes, const std::string& place, int64_t& opset) {
  std::string domain;
  int64_t version = 0;
  WireReader reader(bytes, place);
  while (auto field = reader.next()) {
    if (field->number == 1) domain = field->text();
    if (field->number == 2) version = field->integer();
  }
  if (domain.empty() || domain == "ai.onnx") opset = version;
}

void check_opset(const Graph& graph, int64_t opset, const std::string& place) {
  if (opset < kOldestOpset || opset > kNewestOpset)
    fail(Kind::unsupported, "{}: opset {}; {} to {} are handled, export with opset 17", place,
         opset, kOldestOpset, kNewestOpset);
  for (const Node& node : graph.nodes)
    if (opset < 13 && (node.op == "Softmax" || node.op == "LogSoftmax"))
      fail(Kind::unsupported, "{}: {} meant something else before opset 13; export with opset 17",
           place, describe(node));
}

void parse_metadata(std::string_view bytes,
                    const std::string& place,
                    std::map<std::string, std::string>& metadata) {
  std::string key, value;
  WireReader reader(bytes, place);
  while (auto field = reader.next()) {
    if (field->number == 1) key = field->text();
    if (field->number == 2) value = field->text();
  }
  metadata[key] = value;
}

// Files that write_onnx() made end with the digits of their checksum.
void check_sum(std::string_view bytes, const std::string& digits, const std::string& place) {
  Checksum sum;
  sum.add(bytes.substr(0, bytes.size() - std::min(bytes.size(), Checksum::kZero.size())));
  if (sum.text() != digits)
    fail(Kind::format,
         "{}: its bytes do not give its checksum: the file is damaged (or another program rewrote "
         "it and kept the "
         "metadata entry 'crc32', which it should leave out)",
         place);
}

// read_once: the bytes are nobody else's and need not outlast this, so that weights are not there twice.
Graph parse(std::string_view bytes, const std::string& place, bool read_once) {
  std::optional<std::string_view> graph_bytes;
  std::map<std::string, std::string> metadata;
  int64_t opset = 0;
  WireReader reader(bytes, place);
  while (auto field = reader.next()) {
    if (field->number == 7) {
      if (graph_bytes) fail(Kind::format, "{}: two graphs in one file", place);
      graph_bytes = field->message();
    }
    if (field->number == 8) parse_opset(field->message(), place, opset);
    if (field->number == 14) parse_metadata(field->message(), place, metadata);
    if (field->number == 25)
      fail(Kind::unsupported, "{}: functions inside the model are not handled", place);
  }
  if (!graph_bytes) fail(Kind::format, "{} is not an ONNX model: it holds no graph", place);
  if (auto sum = metadata.extract("crc32")) check_sum(bytes, sum.mapped(), place);
  Graph graph = parse_graph(*graph_bytes, place, read_once);
  graph.metadata = std::move(metadata);
  with_context(place, [&] { verify(graph); });
  see_through_identities(graph);
  check_opset(graph, opset, place);
  with_context(place, [&] {
    fold_stored_weights(graph);
    check_operators(graph);
  });
  return graph;
}

}  // namespace

Graph parse_onnx(std::string_view bytes, const std::string& place) {
  return parse(bytes, place, false);
}

Graph read_onnx(const fs::path& path) {
  return parse(read_file(path, uint64_t{1} << 31), path.string(), true);
}

}  // namespace espalier
