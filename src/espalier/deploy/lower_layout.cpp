// Operations that move numbers and compute none.
#include <limits>

#include <torch/csrc/jit/ir/ir.h>

#include "espalier/core/error.h"
#include "espalier/deploy/lower.h"
#include "espalier/deploy/shapes.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

using TorchNode = torch::jit::Node;

void identity(Lowering& g, const TorchNode& n) {
  g.bind(n, g.input(n, 0));
}

// aten::cat(tensors, dim)
void cat(Lowering& g, const TorchNode& n) {
  const TorchNode& list = *n.input(0)->node();
  std::vector<std::string> parts;
  for (size_t i = 0; i < list.inputs().size(); ++i) parts.push_back(g.input(list, i));
  g.bind(n, g.emit("Concat", "cat", parts, {{"axis", g.argument(n, 1).toInt()}}));
}

void see_as(Lowering& g, const TorchNode& n, Shape wanted) {
  Shape in = g.shape(n.input(0));
  Shape result = g.shape(n.output());
  std::string x = g.input(n, 0);
  if (in == result) return g.bind(n, x);
  // A batch size that the network read from its input is a plain number in the trace; it must not
  // stay one.
  bool keeps_batch = in[0] == g.batch() && result[0] == g.batch();
  if (keeps_batch && result.size() == 2)
    return g.bind(n, g.emit("Flatten", "flatten", {x}, {{"axis", int64_t{1}}}));
  bool has_unknown = std::find(wanted.begin() + 1, wanted.end(), -1) != wanted.end();
  if (keeps_batch) {
    // Sizes that stand at the same place in front are copied (0), so that another picture's may.
    size_t same = 0;
    while (same < std::min(in.size(), result.size()) && in[same] == result[same]) ++same;
    std::fill_n(wanted.begin(), same, 0);
    if (same + 1 == result.size()) wanted[same] = -1;
  } else if (wanted[0] > 0 && wanted[0] % g.batch() == 0) {
    if (has_unknown) wanted = result;
    wanted[0] = -1;
  }
  g.bind(n, g.emit("Reshape", "reshape", {x, g.integers_constant(wanted)}));
}

// aten::view(x, sizes), aten::reshape(x, sizes)
void view(Lowering& g, const TorchNode& n) {
  Shape wanted = g.integers(n, 1);
  if (wanted.empty()) g.refuse(n, "a single number is not handled");
  see_as(g, n, wanted);
}

void flatten(Lowering& g, const TorchNode& n) {
  see_as(g, n, g.shape(n.output()));
}

void permute_axes(Lowering& g, const TorchNode& n, const std::vector<int64_t>& order) {
  g.bind(n, g.emit("Transpose", "transpose", {g.input(n, 0)}, {{"perm", order}}));
}

int64_t axis_of(int64_t axis, size_t rank) {
  return axis < 0 ? axis + static_cast<int64_t>(rank) : axis;
}

void t(Lowering& g, const TorchNode& n) {
  std::string x = g.input(n, 0);
  if (g.is_constant(x)) return g.bind_transposed(n, x);
  permute_axes(g, n, {1, 0});
}

void transpose(Lowering& g, const TorchNode& n) {
  std::vector<int64_t> order(g.shape(n.input(0)).size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
  auto place = [&](size_t i) {
    return static_cast<size_t>(axis_of(g.argument(n, i).toInt(), order.size()));
  };
  std::swap(order[place(1)], order[place(2)]);
  permute_axes(g, n, order);
}

void permute(Lowering& g, const TorchNode& n) {
  std::vector<int64_t> order = g.integers(n, 1);
  for (int64_t& axis : order) axis = axis_of(axis, order.size());
  permute_axes(g, n, order);
}

// aten::select(x, dim, index): the axis goes.
void select(Lowering& g, const TorchNode& n) {
  Shape in = g.shape(n.input(0));
  int64_t axis = axis_of(g.argument(n, 1).toInt(), in.size()), index = g.argument(n, 2).toInt();
  if (axis == 0) g.refuse(n, "the batch is cut into parts");
  if (index < 0) g.refuse(n, "an index from the end depends on the traced size");
  g.bind(n,
         g.emit("Gather", "select", {g.input(n, 0), g.integer_constant(index)}, {{"axis", axis}}));
}

// aten::channel_shuffle(x, groups): channel c * groups + i of the result is channel c of group i.
void channel_shuffle(Lowering& g, const TorchNode& n) {
  int64_t channels = g.shape(n.input(0)).at(1), groups = g.argument(n, 1).toInt();
  std::vector<int64_t> order;
  for (int64_t c = 0; c < channels; ++c)
    order.push_back(c % groups * (channels / groups) + c / groups);
  std::string indices = g.integers_constant(order, fmt::format("shuffle_{}_{}", channels, groups));
  g.bind(n, g.emit("Gather", "shuffle", {g.input(n, 0), indices}, {{"axis", int64_t{1}}}));
}

// aten::expand(x, sizes): only a constant over the batch, as class tokens are. No operator here
// reads a shape, so zeros with the batch's size are made of a pixel of each image.
void expand(Lowering& g, const TorchNode& n) {
  Shape in = g.shape(n.input(0)), out = g.shape(n.output());
  if (in == out) return identity(g, n);
  std::string x = g.input(n, 0);
  Shape one = out;
  one[0] = 1;
  if (!g.is_constant(x) || out[0] != g.batch() || in != one)
    g.refuse(n, "only a constant is expanded, and only over the batch");
  std::string pixel = g.emit("Slice", "batch.pixel",
                             {"images", g.integers_constant({0, 0, 0}),
                              g.integers_constant({1, 1, 1}), g.integers_constant({1, 2, 3})});
  Shape ones(out.size(), 1);
  ones[0] = -1;
  std::string seen = g.emit("Reshape", "batch.reshape", {pixel, g.integers_constant(ones)});
  std::string zeros = g.emit("Mul", "batch.zeros", {seen, g.number(0)});
  g.bind(n, g.emit("Add", "expand", {x, zeros}));
}

// aten::slice(x, dim, start?, end?, step)
void slice(Lowering& g, const TorchNode& n) {
  Shape in = g.shape(n.input(0)), out = g.shape(n.output());
  constexpr int64_t kToTheEnd = std::numeric_limits<int64_t>::max();
  int64_t axis = axis_of(g.argument(n, 1).toInt(), in.size());
  int64_t start = g.is_absent(n, 2) ? 0 : g.argument(n, 2).toInt();
  int64_t end = g.is_absent(n, 3) ? kToTheEnd : g.argument(n, 3).toInt();
  int64_t step = g.argument(n, 4).toInt(), size = in[static_cast<size_t>(axis)];
  if (in == out && start == 0 && step == 1) return identity(g, n);
  if (axis == 0) g.refuse(n, "the batch is cut into parts");
  if (end >= size) end = kToTheEnd;  // the traced picture's size must not stay
  g.bind(n, g.emit("Slice", "slice",
                   {g.input(n, 0), g.integers_constant({start}), g.integers_constant({end}),
                    g.integers_constant({axis}), g.integers_constant({step})}));
}

// aten::constant_pad_nd(x, pads from the last axis on, value)
void pad(Lowering& g, const TorchNode& n) {
  std::vector<int64_t> pads = g.integers(n, 1);
  size_t rank = g.shape(n.input(0)).size();
  std::vector<int64_t> wanted(2 * rank, 0);
  for (size_t i = 0; i < pads.size() / 2; ++i) {
    wanted[rank - 1 - i] = pads[2 * i];
    wanted[2 * rank - 1 - i] = pads[2 * i + 1];
  }
  double value = g.argument(n, 2).toScalar().toDouble();
  g.bind(n, g.emit("Pad", "pad", {g.input(n, 0), g.integers_constant(wanted), g.number(value)},
                   {{"mode", std::string("constant")}}));
}

}  // namespace

LoweringRule find_layout_rule(const std::string& op) {
  static const std::map<std::string, LoweringRule> table = {{"cat", cat},
                                                            {"view", view},
                                                            {"reshape", view},
                                                            {"flatten", flatten},
                                                            {"t", t},
                                                            {"transpose", transpose},
                                                            {"permute", permute},
                                                            {"channel_shuffle", channel_shuffle},
                                                            {"expand", expand},
                                                            {"select", select},
                                                            {"slice", slice},
                                                            {"constant_pad_nd", pad}};
  auto found = table.find(op);
  return found == table.end() ? nullptr : found->second;
}

}  // namespace espalier
