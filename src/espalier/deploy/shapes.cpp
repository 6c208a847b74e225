#include "espalier/deploy/shapes.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "espalier/core/error.h"
#include "espalier/deploy/operators.h"

namespace espalier {
namespace {

constexpr int64_t kMostNumbers = int64_t{1} << 29;  // 2 GB

using Shapes = std::map<std::string, Shape>;

struct Place {
  const Graph& graph;
  const Node& node;
  const Shapes& shapes;

  const Shape& input(size_t position) const { return shapes.at(node.inputs[position]); }
  bool has(size_t position) const {
    return position < node.inputs.size() && !node.inputs[position].empty();
  }
  int64_t rank() const { return static_cast<int64_t>(input(0).size()); }

  // Input 0, checked to be N x C x H x W.
  const Shape& pictures() const {
    if (rank() != 4)
      fail(Kind::format, "{} wants 4 axes, its input is {}", describe(node), shape_text(input(0)));
    return input(0);
  }
  [[noreturn]] void misfit() const {
    std::string shown;
    for (const std::string& name : node.inputs)
      if (!name.empty()) shown += (shown.empty() ? "" : ", ") + shape_text(shapes.at(name));
    fail(Kind::format, "{}: inputs of {} do not fit together", describe(node), shown);
  }
  void want_vector(size_t position, int64_t size) const {
    if (has(position) && input(position) != Shape{size}) misfit();
  }
};

Shape like_input(const Place& p) {
  return p.input(0);
}

Shape clip(const Place& p) {
  constant_number(p.graph, p.node, 1);
  constant_number(p.graph, p.node, 2);
  return p.input(0);
}

Shape softmax(const Place& p) {
  normal_axis(p.node, integer_attribute(p.node, "axis", -1), p.rank());
  return p.input(0);
}

Shape broadcast(const Place& p) {
  const Shape &a = p.input(0), &b = p.input(1);
  Shape out(std::max(a.size(), b.size()), 1);
  for (size_t i = 1; i <= out.size(); ++i) {
    int64_t from_a = i <= a.size() ? a[a.size() - i] : 1,
            from_b = i <= b.size() ? b[b.size() - i] : 1;
    if (from_a != from_b && from_a != 1 && from_b != 1) p.misfit();
    out[out.size() - i] = std::max(from_a, from_b);
  }
  return out;
}

// Outputs of a window of `extent` pixels moved over `size` by `stride`; 0 when it does not fit
// once.
int64_t window_steps(int64_t size, int64_t extent, int64_t stride, bool ceil) {
  if (size < extent) return 0;
  return (size - extent + (ceil ? stride - 1 : 0)) / stride + 1;
}

Shape convolution(const Place& p) {
  ConvArguments conv = conv_arguments(p.graph, p.node);
  const Shape &x = p.pictures(), &w = p.input(1);
  int64_t in = conv.transposed ? w[0] : w[1] * conv.groups,
          out = conv.transposed ? w[1] * conv.groups : w[0];
  if (x[1] != in) p.misfit();
  p.want_vector(2, out);
  Shape shape = {x[0], out, 0, 0};
  std::array<int64_t, 4> around = conv.pads_for(x[2], x[3]);
  for (size_t i = 0; i < 2; ++i) {
    int64_t extent = conv.extent[i], pads = around[i] + around[2 + i];
    shape[2 + i] = conv.transposed
                       ? (x[2 + i] - 1) * conv.strides[i] + extent + conv.output_padding[i] - pads
                       : window_steps(x[2 + i] + pads, extent, conv.strides[i], false);
  }
  return shape;
}

Shape pool(const Place& p) {
  PoolArguments pool = pool_arguments(p.node);
  Shape shape = p.pictures();
  for (size_t i = 0; i < 2; ++i) {
    int64_t extent = pool.dilations[i] * (pool.kernel[i] - 1) + 1, size = shape[2 + i];
    int64_t steps = window_steps(size + 2 * pool.pads[i], extent, pool.strides[i], pool.ceil_mode);
    // A window that would begin behind the picture is not taken (LibTorch, and ONNX since 2024).
    if (pool.ceil_mode && (steps - 1) * pool.strides[i] >= size + pool.pads[i]) --steps;
    shape[2 + i] = steps;
  }
  return shape;
}

Shape global_pool(const Place& p) {
  return {p.pictures()[0], p.pictures()[1], 1, 1};
}

Shape batch_norm(const Place& p) {
  if (p.rank() < 2) p.misfit();
  for (size_t i = 1; i <= 4; ++i) p.want_vector(i, p.input(0)[1]);
  if (integer_attribute(p.node, "training_mode", 0) != 0)
    fail(Kind::unsupported, "{} is in training mode; export the network in evaluation mode",
         describe(p.node));
  return p.input(0);
}

Shape concat(const Place& p) {
  if (!p.node.attributes.count("axis")) fail(Kind::format, "{} lacks axis", describe(p.node));
  size_t axis =
      static_cast<size_t>(normal_axis(p.node, integer_attribute(p.node, "axis", 0), p.rank()));
  Shape shape = p.input(0);
  shape[axis] = 0;
  for (size_t i = 0; i < p.node.inputs.size(); ++i) {
    Shape other = p.input(i);
    if (other.size() != shape.size()) p.misfit();
    shape[axis] += other[axis];
    other[axis] = shape[axis];
    if (other != shape) p.misfit();
  }
  return shape;
}

Shape flatten(const Place& p) {
  int64_t axis = integer_attribute(p.node, "axis", 1), rank = p.rank();
  if (axis != rank) axis = normal_axis(p.node, axis, rank);
  const Shape& x = p.input(0);
  return {count_numbers({x.begin(), x.begin() + axis}), count_numbers({x.begin() + axis, x.end()})};
}

Shape gather(const Place& p) {
  GatherArguments gather = gather_arguments(p.graph, p.node, p.input(0));
  Shape shape = p.input(0);
  auto axis = shape.begin() + gather.axis;
  if (gather.indices.dim() == 0) shape.erase(axis);
  if (gather.indices.dim() == 1) *axis = gather.indices.numel();
  return shape;
}

Shape layer_norm(const Place& p) {
  if (normal_axis(p.node, integer_attribute(p.node, "axis", -1), p.rank()) != p.rank() - 1)
    fail(Kind::unsupported, "{} covers several axes; only the last one is handled",
         describe(p.node));
  for (size_t i = 1; i <= 2; ++i) p.want_vector(i, p.input(0).back());
  return p.input(0);
}

Shape gemm(const Place& p) {
  for (const char* name : {"alpha", "beta"})
    if (number_attribute(p.node, name, 1) != 1)
      fail(Kind::unsupported, "{}: {} other than 1 is not handled", describe(p.node), name);
  if (integer_attribute(p.node, "transA", 0) != 0)
    fail(Kind::unsupported, "{}: transA is not handled", describe(p.node));
  const Shape &a = p.input(0), &b = p.input(1);
  if (a.size() != 2 || b.size() != 2) p.misfit();
  bool transposed = integer_attribute(p.node, "transB", 0) != 0;
  if (a[1] != b[transposed ? 1 : 0]) p.misfit();
  int64_t out = b[transposed ? 0 : 1];
  p.want_vector(2, out);
  return {a[0], out};
}

Shape matmul(const Place& p) {
  const Shape &a = p.input(0), &b = p.input(1);
  if (a.size() < 2 || b.size() < 2 || a.back() != b[b.size() - 2]) p.misfit();
  bool same_batch = Shape(a.begin(), a.end() - 2) == Shape(b.begin(), b.end() - 2);
  if (b.size() != 2 && !same_batch) p.misfit();
  Shape shape = a;
  shape.back() = b.back();
  return shape;
}

Shape pad(const Place& p) {
  PadArguments pad = pad_arguments(p.graph, p.node, p.rank());
  Shape shape = p.input(0);
  for (size_t i = 0; i < shape.size(); ++i) shape[i] += pad.before[i] + pad.after[i];
  return shape;
}

Shape reduce(const Place& p) {
  ReduceArguments reduce = reduce_arguments(p.graph, p.node, p.rank());
  Shape shape;
  for (int64_t axis = 0; axis < p.rank(); ++axis) {
    bool gone = std::binary_search(reduce.axes.begin(), reduce.axes.end(), axis);
    if (!gone) shape.push_back(p.input(0)[static_cast<size_t>(axis)]);
    if (gone && reduce.keep) shape.push_back(1);
  }
  return shape;
}

Shape reshape(const Place& p) {
  Shape shape = *constant_integers(p.graph, p.node, 1);
  bool zero_copies = integer_attribute(p.node, "allowzero", 0) == 0;
  int64_t known = 1, unknown = 0;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && zero_copies) {
      if (i >= p.input(0).size()) p.misfit();
      shape[i] = p.input(0)[i];
    }
    if (shape[i] < -1 || shape[i] == 0 || (shape[i] == -1 && unknown++))
      fail(Kind::format, "{}: {} is not a shape", describe(p.node), shape_text(shape));
    if (shape[i] != -1) known = count_numbers({known, shape[i]});
  }
  int64_t numbers = count_numbers(p.input(0));
  if (unknown ? numbers % known != 0 : numbers != known)
    fail(Kind::format, "{}: {} cannot be seen as {}", describe(p.node), shape_text(p.input(0)),
         shape_text(shape));
  std::replace(shape.begin(), shape.end(), int64_t{-1}, numbers / known);
  return shape;
}

Shape resize(const Place& p) {
  ResizeArguments resize = resize_arguments(p.graph, p.node);
  Shape shape = p.pictures();
  for (size_t i = 0; i < 2; ++i)
    shape[2 + i] = resize.sizes ? (*resize.sizes)[i]
                                : static_cast<int64_t>(static_cast<float>(resize.scales[i]) *
                                                       static_cast<float>(shape[2 + i]));
  return shape;
}

Shape slice(const Place& p) {
  SliceArguments slice = slice_arguments(p.graph, p.node, p.rank());
  Shape shape = p.input(0);
  for (size_t i = 0; i < slice.axes.size(); ++i) {
    int64_t& size = shape[static_cast<size_t>(slice.axes[i])];
    int64_t start = slice.starts[i] < 0 ? slice.starts[i] + size : slice.starts[i];
    int64_t end = slice.ends[i] < 0 ? slice.ends[i] + size : slice.ends[i];
    int64_t length = std::clamp(end, int64_t{0}, size) - std::clamp(start, int64_t{0}, size);
    size = length <= 0 ? 0 : (length - 1) / slice.steps[i] + 1;
  }
  return shape;
}

Shape transpose(const Place& p) {
  Shape shape = p.input(0), order;
  std::reverse(shape.begin(), shape.end());
  auto perm = p.node.attributes.find("perm");
  if (perm == p.node.attributes.end()) return shape;
  order = std::get<std::vector<int64_t>>(perm->second);
  Shape sorted = order;
  std::sort(sorted.begin(), sorted.end());
  if (sorted.size() != shape.size()) p.misfit();
  for (size_t i = 0; i < sorted.size(); ++i)
    if (sorted[i] != static_cast<int64_t>(i))
      fail(Kind::format, "{}: perm {} is not an order of the axes", describe(p.node),
           shape_text(order));
  for (size_t i = 0; i < order.size(); ++i) shape[i] = p.input(0)[static_cast<size_t>(order[i])];
  return shape;
}

Shape infer(const Place& place) {
  static const std::map<std::string_view, Shape (*)(const Place&)> table = {
      {"Add", broadcast},
      {"AveragePool", pool},
      {"BatchNormalization", batch_norm},
      {"Clip", clip},
      {"Concat", concat},
      {"Conv", convolution},
      {"ConvTranspose", convolution},
      {"Div", broadcast},
      {"Flatten", flatten},
      {"Gather", gather},
      {"Gemm", gemm},
      {"GlobalAveragePool", global_pool},
      {"LayerNormalization", layer_norm},
      {"LogSoftmax", softmax},
      {"MatMul", matmul},
      {"MaxPool", pool},
      {"Mul", broadcast},
      {"Pad", pad},
      {"ReduceMean", reduce},
      {"Reshape", reshape},
      {"Resize", resize},
      {"Slice", slice},
      {"Softmax", softmax},
      {"Sub", broadcast},
      {"Transpose", transpose}};
  auto rule = table.find(place.node.op);
  return rule == table.end() ? like_input(place) : rule->second(place);
}

void check_shape(const Node& node, const Shape& shape) {
  if (shape.size() > 8)
    fail(Kind::unsupported, "{} gives {} axes; 8 are handled", describe(node), shape.size());
  for (int64_t size : shape)
    if (size < 1)
      fail(Kind::format, "{} gives an empty value of {}", describe(node), shape_text(shape));
  for (int64_t size : shape)
    if (size > kMostNumbers || count_numbers(shape) > kMostNumbers)
      fail(Kind::unsupported, "{} gives {}, more than 2^29 numbers; smaller batches may do",
           describe(node), shape_text(shape));
}

}  // namespace

std::string shape_text(const Shape& shape) {
  return fmt::format("{}", fmt::join(shape, "x"));
}

int64_t count_numbers(const Shape& shape) {
  int64_t product = 1;
  for (int64_t size : shape)
    if (__builtin_mul_overflow(product, size, &product) || product > int64_t{1} << 62)
      fail(Kind::format, "a shape of {} is out of all proportion", shape_text(shape));
  return product;
}

std::map<std::string, Shape> infer_shapes(const Graph& graph, const Shape& input) {
  if (graph.inputs.size() != 1)
    fail(Kind::unsupported, "the graph has {} inputs; one is handled", graph.inputs.size());
  Shapes shapes;
  for (const auto& [name, value] : graph.constants) shapes[name] = value.sizes().vec();
  for (int64_t size : input)
    if (size < 1) fail(Kind::data, "an input of {} is empty", shape_text(input));
  shapes[graph.inputs[0].name] = input;
  for (const Node& node : graph.nodes) {
    Shape shape = infer({graph, node, shapes});
    check_shape(node, shape);
    shapes[node.outputs[0]] = std::move(shape);
  }
  return shapes;
}

}  // namespace espalier
