#include "espalier/deploy/onnx_write.h"

#include "espalier/core/error.h"
#include "espalier/deploy/onnx_wire.h"
#include "espalier/deploy/operators.h"
#include "espalier/deploy/qdq.h"
#include "espalier/format/checksum.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

// Field numbers are those of onnx.proto (github.com/onnx/onnx, onnx/onnx.proto).
constexpr int64_t kIrVersion = 8, kOpset = 17;

// TensorProto.DataType, 0 for what no graph of ours holds.
int64_t type_number(at::ScalarType type) {
  return type == at::kFloat  ? 1
         : type == at::kByte ? 2
         : type == at::kChar ? 3
         : type == at::kInt  ? 6
         : type == at::kLong ? 7
                             : 0;
}

WireWriter attribute_message(const std::string& name, const Attribute& value) {
  WireWriter message;
  message.add_text(1, name);
  struct Writer {
    WireWriter& out;
    void finish(int64_t type) { out.add_integer(20, type); }
    void operator()(int64_t v) { out.add_integer(3, v), finish(2); }
    void operator()(double v) { out.add_float(2, static_cast<float>(v)), finish(1); }
    void operator()(const std::string& v) { out.add_text(4, v), finish(3); }
    void operator()(const std::vector<int64_t>& v) {
      for (int64_t number : v) out.add_integer(8, number);
      finish(7);
    }
  };
  std::visit(Writer{message}, value);
  return message;
}

WireWriter node_message(const Node& node) {
  WireWriter message;
  for (const std::string& input : node.inputs) message.add_text(1, input);
  for (const std::string& output : node.outputs) message.add_text(2, output);
  message.add_text(3, node.name);
  message.add_text(4, node.op);
  for (const auto& [name, value] : node.attributes)
    message.add_message(5, attribute_message(name, value));
  return message;
}

WireWriter tensor_message(const std::string& name, const at::Tensor& value) {
  at::Tensor flat = value.detach().contiguous();  // NCHW order whatever it was
  WireWriter message;
  for (int64_t size : flat.sizes()) message.add_integer(1, size);
  message.add_integer(2, type_number(flat.scalar_type()));
  message.add_text(8, name);
  message.add_text(9, {static_cast<const char*>(flat.const_data_ptr()), flat.nbytes()});
  return message;
}

WireWriter port_message(const Port& port) {
  WireWriter shape, tensor, type, message;
  for (int64_t size : port.shape) {
    WireWriter dimension;
    if (size < 0) dimension.add_text(2, "N");
    if (size >= 0) dimension.add_integer(1, size);
    shape.add_message(1, dimension);
  }
  tensor.add_integer(1, type_number(at::kFloat));
  tensor.add_message(2, shape);
  type.add_message(1, tensor);
  message.add_text(1, port.name);
  message.add_message(2, type);
  return message;
}

WireWriter graph_message(const Graph& graph) {
  WireWriter message;
  for (const Node& node : graph.nodes) message.add_message(1, node_message(node));
  message.add_text(2, "espalier");
  for (const auto& [name, value] : graph.constants)
    message.add_message(5, tensor_message(name, value));
  for (const Port& port : graph.inputs) message.add_message(11, port_message(port));
  for (const Port& port : graph.outputs) message.add_message(12, port_message(port));
  return message;
}

void check_constants(const Graph& graph) {
  uint64_t bytes = 0;
  for (const auto& [name, value] : graph.constants) {
    if (type_number(value.scalar_type()) == 0)
      fail(Kind::unsupported, "the constant {} is neither float32 nor an integer", in_quotes(name));
    bytes += value.nbytes();
  }
  if (bytes >= uint64_t{2'000'000'000})
    fail(Kind::unsupported, "{} MB of weights; an ONNX file holds less than 2 GB",
         bytes / 1'000'000);
}

}  // namespace

std::string onnx_bytes(const Graph& computed) {
  verify(computed);
  check_operators(computed);
  const Graph graph = with_stored_weights(computed);
  check_constants(graph);
  WireWriter opset, message;
  opset.add_text(1, "");
  opset.add_integer(2, kOpset);
  message.add_integer(1, kIrVersion);
  message.add_text(2, "espalier");
  message.add_text(3, ESPALIER_VERSION);
  message.add_message(7, graph_message(graph));
  message.add_message(8, opset);
  for (const auto& [key, value] : graph.metadata) {
    WireWriter entry;
    entry.add_text(1, key);
    entry.add_text(2, value);
    message.add_message(14, entry);
  }
  // The last bytes of the file are the digits over all that stands before them.
  WireWriter sum;
  sum.add_text(1, "crc32");
  sum.add_text(2, Checksum::kZero);
  message.add_message(14, sum);
  std::string bytes = message.bytes();
  const size_t covered = bytes.size() - Checksum::kZero.size();
  Checksum checksum;
  checksum.add(std::string_view(bytes).substr(0, covered));
  return bytes.replace(covered, Checksum::kZero.size(), checksum.text());
}

void write_onnx(const Graph& graph, const fs::path& path) {
  with_context("writing " + path.string(), [&] { write_file_atomic(path, onnx_bytes(graph)); });
}

}  // namespace espalier
