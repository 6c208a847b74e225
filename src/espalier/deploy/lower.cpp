#include "espalier/deploy/lower.h"

#include <fmt/ranges.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>

#include "espalier/core/error.h"
#include "espalier/deploy/operators.h"
#include "espalier/deploy/shapes.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

// Operations whose result may look into their input's memory.
const std::set<std::string> kViews = {
    "t",  "transpose", "permute", "view",    "reshape",         "flatten",   "slice",  "contiguous",
    "to", "detach",    "alias",   "dropout", "feature_dropout", "unflatten", "select", "expand"};

std::string base_name(const torch::jit::Node& node) {
  std::string name = node.kind().toUnqualString();
  if (name.size() > 1 && name.back() == '_' && name[name.size() - 2] != '_') name.pop_back();
  return name;
}

bool is_in_place(const torch::jit::Node& node) {
  return base_name(node) != node.kind().toUnqualString();
}

}  // namespace

Lowering::Lowering(std::map<const void*, std::string> names, int64_t batch)
    : names_(std::move(names)), batch_(batch) {}

void Lowering::refuse(const TorchNode& node, const std::string& why) const {
  std::string place = graph_.nodes.empty() ? "at the start" : "after " + graph_.nodes.back().name;
  fail(Kind::unsupported, "cannot trace {} ({}): {}", node.kind().toQualString(), place, why);
}

Shape Lowering::shape(const TorchValue* value) const {
  auto type = value->type()->cast<c10::TensorType>();
  auto sizes = type ? type->sizes().concrete_sizes() : std::nullopt;
  if (!sizes) refuse(*value->node(), "the trace does not know its shape");
  return *sizes;
}

std::string Lowering::enter_constant(const at::Tensor& value) {
  auto known = names_.find(value.const_data_ptr());
  std::string name = known == names_.end() ? free_name(graph_, "constant") : known->second;
  if (!is_constant(name))
    graph_.constants[name] = value.detach().to(at::kFloat).clone().contiguous();
  if (graph_.constants[name].sizes() == value.sizes()) return name;
  name = free_name(graph_, name);  // another view of a parameter's memory
  graph_.constants[name] = value.detach().to(at::kFloat).clone().contiguous();
  return name;
}

std::string Lowering::input(const TorchNode& node, size_t position) {
  const TorchValue* value = node.input(position);
  if (auto known = name_of_.find(value); known != name_of_.end()) return known->second;
  if (auto known = transposed_.find(value); known != transposed_.end()) {
    return name_of_[value] = transposed_copy(known->second);
  }
  c10::IValue constant = argument(node, position);
  if (constant.isTensor()) return name_of_[value] = enter_constant(constant.toTensor());
  if (constant.isScalar()) return number(constant.toScalar().toDouble());
  refuse(node, fmt::format("input {} is neither a tensor nor a number", position));
}

bool Lowering::is_absent(const TorchNode& node, size_t position) const {
  auto constant = torch::jit::toIValue(node.input(position));
  return constant && constant->isNone();
}

c10::IValue Lowering::argument(const TorchNode& node, size_t position) const {
  if (position >= node.inputs().size()) refuse(node, "it has fewer arguments than expected");
  auto constant = torch::jit::toIValue(node.input(position));
  if (!constant) refuse(node, fmt::format("argument {} is computed from the data", position));
  return *constant;
}

std::vector<int64_t> Lowering::integers(const TorchNode& node, size_t position) const {
  const TorchNode* list = node.input(position)->node();
  if (list->kind() != c10::prim::ListConstruct) return argument(node, position).toIntVector();
  std::vector<int64_t> values;
  for (size_t i = 0; i < list->inputs().size(); ++i) values.push_back(argument(*list, i).toInt());
  return values;
}

void Lowering::bind(const TorchNode& node, const std::string& name) {
  name_of_[node.output()] = name;
}

void Lowering::bind_padded_same(const TorchNode& node, const std::string& unpadded) {
  padded_same_[node.output()] = unpadded;
}

std::optional<std::string> Lowering::padded_same(const TorchNode& node, size_t position) const {
  auto known = padded_same_.find(node.input(position));
  return known == padded_same_.end() ? std::nullopt : std::optional(known->second);
}

void Lowering::bind_transposed(const TorchNode& node, const std::string& constant) {
  transposed_[node.output()] = constant;
}

std::optional<std::string> Lowering::transposed(const TorchNode& node, size_t position) const {
  auto known = transposed_.find(node.input(position));
  return known == transposed_.end() ? std::nullopt : std::optional(known->second);
}

std::string Lowering::emit(const std::string& op,
                           const std::string& wish,
                           std::vector<std::string> inputs,
                           std::map<std::string, Attribute> attributes) {
  std::string name = free_name(graph_, wish);
  while (!inputs.empty() && inputs.back().empty()) inputs.pop_back();
  graph_.nodes.push_back({op, name, std::move(inputs), {name}, std::move(attributes)});
  return name;
}

std::string Lowering::number(double value) {
  std::string name = fmt::format("number_{}", value);
  if (!is_constant(name)) graph_.constants[name] = at::full({}, value, at::kFloat);
  return name;
}

std::string Lowering::numbers(const std::vector<double>& values) {
  std::string name = fmt::format("numbers_{}", fmt::join(values, "_"));
  if (!is_constant(name)) graph_.constants[name] = torch::tensor(values, at::kFloat);
  return name;
}

std::string Lowering::filled(int64_t size, double value) {
  std::string name = fmt::format("filled_{}_{}", size, value);
  if (!is_constant(name)) graph_.constants[name] = at::full({size}, value, at::kFloat);
  return name;
}

std::string Lowering::transposed_copy(const std::string& constant) {
  std::string name = constant + ".transposed";
  if (!is_constant(name)) graph_.constants[name] = graph_.constants.at(constant).t().contiguous();
  return name;
}

std::string Lowering::integers_constant(const std::vector<int64_t>& values, std::string name) {
  if (name.empty()) name = fmt::format("integers_{}", fmt::join(values, "_"));
  if (!is_constant(name)) graph_.constants[name] = torch::tensor(values, at::kLong);
  return name;
}

std::string Lowering::integer_constant(int64_t value) {
  std::string name = fmt::format("integer_{}", value);
  if (!is_constant(name)) graph_.constants[name] = at::full({}, value, at::kLong);
  return name;
}

std::string Lowering::module_of(const std::string& constant) {
  size_t dot = constant.rfind('.');
  return dot == std::string::npos ? constant + ".out" : constant.substr(0, dot);
}

// Our graph has no memory, only values. The tracer hands the changed tensor to its later readers
// itself; what it cannot see is another view of the same memory that is read afterwards.
void Lowering::watch_aliases(const TorchNode& node, const std::string& op) {
  if (node.inputs().empty() || node.outputs().size() != 1) return;
  const TorchValue* source = node.input(0);
  auto known = root_.find(source);
  const TorchValue* root = known == root_.end() ? source : known->second;
  if (is_in_place(node)) {
    if (torch::jit::toIValue(root)) refuse(node, "it changes a parameter in place");
    for (const auto& [value, other_root] : root_)
      if (other_root == root && value != source)
        for (const torch::jit::Use& use : value->uses())
          if (use.user == node.owningGraph()->return_node() || node.isBefore(use.user))
            refuse(node, "it changes in place what another view of the same memory reads later");
  }
  if (is_in_place(node) || kViews.count(op)) root_[source] = root_[node.output()] = root;
}

std::optional<c10::IValue> Lowering::constant_input(const TorchValue& value) const {
  if (auto known = name_of_.find(&value); known != name_of_.end()) {
    auto constant = graph_.constants.find(known->second);
    return constant == graph_.constants.end() ? std::nullopt
                                              : std::optional(c10::IValue(constant->second));
  }
  if (auto constant = torch::jit::toIValue(&value)) return constant;
  const TorchNode& list = *value.node();
  if (list.kind() != c10::prim::ListConstruct) return std::nullopt;
  auto type = list.output()->type()->cast<c10::ListType>();
  if (!type) return std::nullopt;
  c10::impl::GenericList values(type->getElementType());
  for (const TorchValue* element : list.inputs()) {
    auto constant = constant_input(*element);
    if (!constant) return std::nullopt;
    values.push_back(*constant);
  }
  return c10::IValue(values);
}

// What the network computes of its parameters alone (positions resized to the picture, say) is
// computed here, once.
std::optional<at::Tensor> Lowering::computed_from_constants(const TorchNode& node) const {
  if (node.outputs().size() != 1 || !node.output()->type()->cast<c10::TensorType>())
    return std::nullopt;
  torch::jit::Stack stack;
  bool has_tensor = false;
  for (const TorchValue* value : node.inputs()) {
    auto constant = constant_input(*value);
    if (!constant) return std::nullopt;
    has_tensor = has_tensor || constant->isTensor() || constant->isTensorList();
    stack.push_back(*constant);
  }
  if (!has_tensor || is_in_place(node)) return std::nullopt;
  node.getOperation()(stack);
  return stack.at(0).toTensor();
}

void Lowering::lower_node(const TorchNode& node) {
  if (node.kind() == c10::prim::Constant || node.kind() == c10::prim::ListConstruct) return;
  std::string op = base_name(node);
  // A transposed matrix and an expanded token have rules that want the constant itself.
  if (op != "t" && op != "expand")
    if (std::optional<at::Tensor> value = computed_from_constants(node)) {
      std::string name = free_name(graph_, "computed");
      graph_.constants[name] = value->to(at::kFloat).contiguous().clone();
      return bind(node, name);
    }
  if (!node.kind().is_aten()) op = node.kind().toQualString();
  LoweringRule rule = find_lowering_rule(op);
  if (!rule)
    refuse(node,
           fmt::format("ONNX export has no rule for this operation (its result: {})",
                       node.outputs().size() == 1 && node.output()->type()->cast<c10::TensorType>()
                           ? shape_text(shape(node.output()))
                           : "not one tensor"));
  auto type = node.output()->type()->cast<c10::TensorType>();
  if (type && type->scalarType() && *type->scalarType() != at::kFloat)
    refuse(node, fmt::format("it computes in {}, only float32 is exported",
                             c10::toString(*type->scalarType())));
  watch_aliases(node, op);
  rule(*this, node);
}

Graph Lowering::lower(const torch::jit::Graph& traced) {
  const TorchValue *in = traced.inputs().at(0), *out = traced.outputs().at(0);
  auto open_batch = [&](Shape shape) {
    if (!shape.empty() && shape[0] == batch_) shape[0] = -1;
    return shape;
  };
  graph_.inputs = {{"images", open_batch(shape(in))}};
  name_of_[in] = "images";
  for (const TorchNode* node : traced.nodes()) lower_node(*node);
  std::string last = input(*traced.return_node(), 0);
  bool made_here = !graph_.nodes.empty() && last == graph_.nodes.back().outputs[0];
  if (!made_here) last = emit("Identity", "logits", {last});
  graph_.nodes.back().outputs[0] = "logits";
  graph_.outputs = {{"logits", open_batch(shape(out))}};
  drop_unread(graph_);
  verify(graph_);
  check_operators(graph_);
  return std::move(graph_);
}

}  // namespace espalier
