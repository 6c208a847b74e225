#include <cmath>
#include <limits>

#include <torch/csrc/jit/ir/ir.h>

#include "espalier/core/error.h"
#include "espalier/deploy/lower.h"
#include "espalier/deploy/shapes.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

using TorchNode = torch::jit::Node;
using Attributes = std::map<std::string, Attribute>;

std::vector<int64_t> pair(const Lowering& g, const TorchNode& n, size_t position) {
  std::vector<int64_t> values = g.integers(n, position);
  if (values.size() == 1) values.push_back(values[0]);
  if (values.size() != 2) g.refuse(n, "only two spatial axes are handled");
  return values;
}

std::vector<int64_t> twice(std::vector<int64_t> pads) {
  return {pads[0], pads[1], pads[0], pads[1]};
}

void identity(Lowering& g, const TorchNode& n) {
  g.bind(n, g.input(n, 0));
}

template <const char* op, const char* wish>
void unary(Lowering& g, const TorchNode& n) {
  g.bind(n, g.emit(op, wish, {g.input(n, 0)}));
}

// aten::_convolution(x, weight, bias, stride, padding, dilation, transposed, output_padding,
// groups, ...)
void convolution(Lowering& g, const TorchNode& n) {
  std::string weight = g.input(n, 1);
  if (g.shape(n.input(1)).size() != 4) g.refuse(n, "only two-dimensional convolutions are handled");
  bool transposed = g.argument(n, 6).toBool();
  Attributes attributes = {{"strides", pair(g, n, 3)},
                           {"dilations", pair(g, n, 5)},
                           {"group", g.argument(n, 8).toInt()}};
  std::optional<std::string> padded_same = g.padded_same(n, 0);
  if (padded_same)
    attributes["auto_pad"] = std::string("SAME_UPPER");
  else
    attributes["pads"] = twice(pair(g, n, 4));
  Shape shape = g.shape(n.input(1));
  attributes["kernel_shape"] = std::vector<int64_t>{shape[2], shape[3]};
  if (transposed) attributes["output_padding"] = pair(g, n, 7);
  g.bind(n, g.emit(transposed ? "ConvTranspose" : "Conv", Lowering::module_of(weight),
                   {padded_same ? *padded_same : g.input(n, 0), weight,
                    g.is_absent(n, 2) ? "" : g.input(n, 2)},
                   attributes));
}

// espalier::pad_same(x, kernel, stride), of nn/pad_same.h.
void pad_same(Lowering& g, const TorchNode& n) {
  const auto& uses = n.output()->uses();
  const TorchNode* conv = uses.size() == 1 ? uses[0].user : nullptr;
  if (!conv || conv->kind() != c10::Symbol::aten("_convolution"))
    g.refuse(n, "exactly one convolution must follow");
  Shape weight = g.shape(conv->input(1));
  int64_t kernel = g.argument(n, 1).toInt(), stride = g.argument(n, 2).toInt();
  if (weight.at(2) != kernel || weight.at(3) != kernel ||
      g.integers(*conv, 3) != std::vector<int64_t>{stride, stride} ||
      g.integers(*conv, 4) != std::vector<int64_t>{0, 0} ||
      g.integers(*conv, 5) != std::vector<int64_t>{1, 1} || g.argument(*conv, 6).toBool())
    g.refuse(n, "it does not belong to the convolution behind it");
  g.bind_padded_same(n, g.input(n, 0));
}

// aten::batch_norm(x, weight, bias, mean, var, training, momentum, eps, cudnn)
void batch_norm(Lowering& g, const TorchNode& n) {
  if (g.argument(n, 5).toBool() || g.is_absent(n, 3))
    g.refuse(n, "a batch norm without running statistics has no meaning for one picture");
  int64_t channels = g.shape(n.input(0)).at(1);
  std::string mean = g.input(n, 3), var = g.input(n, 4), module = Lowering::module_of(mean);
  auto affine = [&](size_t position, double fill) {
    if (!g.is_absent(n, position)) return g.input(n, position);
    return g.filled(channels, fill);
  };
  std::string gamma = affine(1, 1), beta = affine(2, 0);
  g.bind(n, g.emit("BatchNormalization", module, {g.input(n, 0), gamma, beta, mean, var},
                   {{"epsilon", g.argument(n, 7).toDouble()}}));
}

void clip(Lowering& g, const TorchNode& n, std::optional<double> low, std::optional<double> high) {
  g.bind(n, g.emit("Clip", "clip",
                   {g.input(n, 0), low ? g.number(*low) : "", high ? g.number(*high) : ""}));
}

void relu6(Lowering& g, const TorchNode& n) {
  clip(g, n, 0, 6);
}

// aten::hardtanh(x, min, max), aten::clamp(x, min?, max?)
void clamp(Lowering& g, const TorchNode& n) {
  auto bound = [&](size_t i) -> std::optional<double> {
    if (i >= n.inputs().size() || g.is_absent(n, i)) return std::nullopt;
    return g.argument(n, i).toScalar().toDouble();
  };
  clip(g, n, bound(1), bound(2));
}

void clamp_max(Lowering& g, const TorchNode& n) {
  clip(g, n, {}, g.argument(n, 1).toScalar().toDouble());
}

void silu(Lowering& g, const TorchNode& n) {
  std::string x = g.input(n, 0), gate = g.emit("Sigmoid", "sigmoid", {x});
  g.bind(n, g.emit("Mul", "silu", {x, gate}));
}

// x (1 + erf(x / sqrt 2)) / 2: opset 17 has no Gelu.
void gelu(Lowering& g, const TorchNode& n) {
  if (g.argument(n, 1).toStringRef() != "none")
    g.refuse(n, "only the exact form (approximate = none) is handled");
  std::string x = g.input(n, 0);
  std::string erf =
      g.emit("Erf", "gelu.erf", {g.emit("Mul", "gelu.scaled", {x, g.number(std::sqrt(0.5))})});
  std::string gate =
      g.emit("Mul", "gelu.gate", {g.emit("Add", "gelu.sum", {erf, g.number(1)}), g.number(0.5)});
  g.bind(n, g.emit("Mul", "gelu", {x, gate}));
}

void hardsigmoid(Lowering& g, const TorchNode& n) {
  g.bind(n, g.emit("HardSigmoid", "hardsigmoid", {g.input(n, 0)},
                   {{"alpha", 1.0 / 6}, {"beta", 0.5}}));
}

void leaky_relu(Lowering& g, const TorchNode& n) {
  double slope = g.argument(n, 1).toScalar().toDouble();
  g.bind(n, g.emit("LeakyRelu", "leaky_relu", {g.input(n, 0)}, {{"alpha", slope}}));
}

// aten::add(x, y, alpha)
void add_or_sub(Lowering& g, const TorchNode& n, const std::string& op, const std::string& wish) {
  std::string y = g.input(n, 1);
  double alpha = g.argument(n, 2).toScalar().toDouble();
  if (alpha != 1) y = g.emit("Mul", wish + ".scaled", {y, g.number(alpha)});
  g.bind(n, g.emit(op, wish, {g.input(n, 0), y}));
}

void add(Lowering& g, const TorchNode& n) {
  add_or_sub(g, n, "Add", "add");
}
void sub(Lowering& g, const TorchNode& n) {
  add_or_sub(g, n, "Sub", "sub");
}
void mul(Lowering& g, const TorchNode& n) {
  g.bind(n, g.emit("Mul", "mul", {g.input(n, 0), g.input(n, 1)}));
}

void div(Lowering& g, const TorchNode& n) {
  if (n.inputs().size() > 2 && !g.is_absent(n, 2)) g.refuse(n, "rounding division is not handled");
  g.bind(n, g.emit("Div", "div", {g.input(n, 0), g.input(n, 1)}));
}

Attributes pool_attributes(const Lowering& g, const TorchNode& n) {
  std::vector<int64_t> kernel = pair(g, n, 1);
  std::vector<int64_t> strides = g.integers(n, 2).empty() ? kernel : pair(g, n, 2);
  return {{"kernel_shape", kernel}, {"strides", strides}, {"pads", twice(pair(g, n, 3))}};
}

// aten::max_pool2d(x, kernel, stride, padding, dilation, ceil_mode)
void max_pool(Lowering& g, const TorchNode& n) {
  Attributes attributes = pool_attributes(g, n);
  attributes["dilations"] = pair(g, n, 4);
  bool ceil = g.argument(n, 5).toBool();
  // Whether a window may begin behind the picture is where ONNX changed its mind and readers differ.
  auto of = [&](const char* name, size_t i) {
    return std::get<std::vector<int64_t>>(attributes.at(name))[i];
  };
  for (size_t i = 0; i < 2; ++i)
    if (ceil && (of("pads", i) > 0 || of("strides", i) > of("kernel_shape", i)))
      g.refuse(n, "ceil_mode with padding, or with a stride above the kernel, is not handled");
  attributes["ceil_mode"] = int64_t{ceil};
  g.bind(n, g.emit("MaxPool", "max_pool", {g.input(n, 0)}, attributes));
}

// aten::avg_pool2d(x, kernel, stride, padding, ceil_mode, count_include_pad, divisor)
void avg_pool(Lowering& g, const TorchNode& n) {
  if (g.argument(n, 4).toBool() || !g.is_absent(n, 6))
    g.refuse(n, "ceil_mode and divisor_override are not handled");
  Attributes attributes = pool_attributes(g, n);
  attributes["count_include_pad"] = int64_t{g.argument(n, 5).toBool()};
  g.bind(n, g.emit("AveragePool", "avg_pool", {g.input(n, 0)}, attributes));
}

void adaptive_avg_pool(Lowering& g, const TorchNode& n) {
  std::vector<int64_t> size = pair(g, n, 1);
  Shape in = g.shape(n.input(0));
  if (size == std::vector<int64_t>{1, 1})
    return g.bind(n, g.emit("GlobalAveragePool", "pool", {g.input(n, 0)}));
  if (Shape(in.end() - 2, in.end()) == size) return identity(g, n);
  g.refuse(n, fmt::format("pooling to {} has no ONNX operator, only to 1x1", shape_text(size)));
}

// aten::mean(x, dims, keepdim, dtype)
void mean(Lowering& g, const TorchNode& n) {
  if (n.inputs().size() < 4 || g.is_absent(n, 1))
    g.refuse(n, "only a mean over named axes is handled");
  g.bind(n, g.emit("ReduceMean", "mean", {g.input(n, 0)},
                   {{"axes", g.integers(n, 1)}, {"keepdims", int64_t{g.argument(n, 2).toBool()}}}));
}

// x W' + b, with W as ONNX's Gemm wants it.
std::string product(
    Lowering& g, const TorchNode& n, size_t x, size_t matrix, const std::string& bias) {
  if (auto weight = g.transposed(n, matrix); weight && g.shape(n.input(x)).size() == 2)
    return g.emit("Gemm", Lowering::module_of(*weight), {g.input(n, x), *weight, bias},
                  {{"transB", int64_t{1}}});
  std::string made = g.emit("MatMul", "matmul", {g.input(n, x), g.input(n, matrix)});
  return bias.empty() ? made : g.emit("Add", "add", {made, bias});
}

// aten::addmm(bias, x, matrix, beta, alpha)
void addmm(Lowering& g, const TorchNode& n) {
  for (size_t i : {3, 4})
    if (g.argument(n, i).toScalar().toDouble() != 1)
      g.refuse(n, "alpha and beta other than 1 are not handled");
  g.bind(n, product(g, n, 1, 2, g.input(n, 0)));
}

void matmul(Lowering& g, const TorchNode& n) {
  g.bind(n, product(g, n, 0, 1, ""));
}

// aten::linear(x, weight, bias?)
void linear(Lowering& g, const TorchNode& n) {
  std::string weight = g.input(n, 1), bias = g.is_absent(n, 2) ? "" : g.input(n, 2);
  if (!g.is_constant(weight)) g.refuse(n, "its weight is computed");
  if (g.shape(n.input(0)).size() == 2)
    return g.bind(n, g.emit("Gemm", Lowering::module_of(weight), {g.input(n, 0), weight, bias},
                            {{"transB", int64_t{1}}}));
  std::string made =
      g.emit("MatMul", Lowering::module_of(weight), {g.input(n, 0), g.transposed_copy(weight)});
  g.bind(n, bias.empty() ? made : g.emit("Add", "add", {made, bias}));
}

// aten::layer_norm(x, shape, weight?, bias?, eps, cudnn)
void layer_norm(Lowering& g, const TorchNode& n) {
  if (g.integers(n, 1).size() != 1) g.refuse(n, "only a norm over the last axis is handled");
  std::string weight = g.is_absent(n, 2) ? g.filled(g.shape(n.input(0)).back(), 1) : g.input(n, 2);
  std::string bias = g.is_absent(n, 3) ? "" : g.input(n, 3);
  g.bind(n, g.emit("LayerNormalization", Lowering::module_of(weight), {g.input(n, 0), weight, bias},
                   {{"axis", int64_t{-1}}, {"epsilon", g.argument(n, 4).toDouble()}}));
}

// aten::scaled_dot_product_attention(q, k, v, mask?, dropout, causal, scale?, gqa)
// = softmax(q k' scale) v (Vaswani et al. 2017, equation 1).
void attention(Lowering& g, const TorchNode& n) {
  if (!g.is_absent(n, 3) || g.argument(n, 4).toDouble() != 0 || g.argument(n, 5).toBool())
    g.refuse(n, "masks and dropout are not handled");
  Shape q = g.shape(n.input(0)), k = g.shape(n.input(1));
  if (q.size() != 4 || Shape(q.begin(), q.end() - 2) != Shape(k.begin(), k.end() - 2))
    g.refuse(n, "only N x heads x tokens x size is handled, with as many heads in all three");
  double scale = g.is_absent(n, 6) ? 1 / std::sqrt(static_cast<double>(q.back()))
                                   : g.argument(n, 6).toScalar().toDouble();
  std::string keys = g.emit("Transpose", "attention.keys", {g.input(n, 1)},
                            {{"perm", std::vector<int64_t>{0, 1, 3, 2}}});
  std::string queries = g.emit("Mul", "attention.queries", {g.input(n, 0), g.number(scale)});
  std::string scores = g.emit("MatMul", "attention.scores", {queries, keys});
  std::string weights = g.emit("Softmax", "attention.weights", {scores}, {{"axis", int64_t{-1}}});
  g.bind(n, g.emit("MatMul", "attention", {weights, g.input(n, 2)}));
}

template <const char* op, const char* wish>
void softmax(Lowering& g, const TorchNode& n) {
  g.bind(n, g.emit(op, wish, {g.input(n, 0)}, {{"axis", g.argument(n, 1).toInt()}}));
}

void dropout(Lowering& g, const TorchNode& n) {
  if (g.argument(n, 2).toBool()) g.refuse(n, "it is in training mode");
  identity(g, n);
}

// A ratio with which floor(size * scale) gives the traced size, in float and in double arithmetic.
double resize_scale(int64_t from, int64_t to) {
  float scale = static_cast<float>(to) / static_cast<float>(from);
  while (static_cast<int64_t>(double{scale} * static_cast<double>(from)) < to)
    scale = std::nextafter(scale, std::numeric_limits<float>::infinity());
  return scale;
}

// Sizes become ratios: `sizes` would fix the batch (opset 17 wants all four).
void resize(Lowering& g, const TorchNode& n, Attributes attributes) {
  Shape in = g.shape(n.input(0)), out = g.shape(n.output());
  std::string scales = g.numbers({1, 1, resize_scale(in[2], out[2]), resize_scale(in[3], out[3])});
  g.bind(n, g.emit("Resize", "resize", {g.input(n, 0), "", scales}, attributes));
}

void upsample_nearest(Lowering& g, const TorchNode& n) {
  resize(g, n,
         {{"mode", std::string("nearest")},
          {"nearest_mode", std::string("floor")},
          {"coordinate_transformation_mode", std::string("asymmetric")}});
}

void upsample_bilinear(Lowering& g, const TorchNode& n) {
  std::string coordinates = g.argument(n, 2).toBool() ? "align_corners" : "half_pixel";
  resize(g, n, {{"mode", std::string("linear")}, {"coordinate_transformation_mode", coordinates}});
}

constexpr char kRelu[] = "Relu", kReluWish[] = "relu", kSigmoid[] = "Sigmoid",
               kSigmoidWish[] = "sigmoid", kTanh[] = "Tanh", kTanhWish[] = "tanh",
               kHardSwish[] = "HardSwish", kHardSwishWish[] = "hardswish", kSoftmax[] = "Softmax",
               kSoftmaxWish[] = "softmax", kLogSoftmax[] = "LogSoftmax",
               kLogSoftmaxWish[] = "log_softmax";

}  // namespace

LoweringRule find_lowering_rule(const std::string& op) {
  static const std::map<std::string, LoweringRule> table = {
      {"_convolution", convolution},
      {"convolution", convolution},
      {"espalier::pad_same", pad_same},
      {"batch_norm", batch_norm},
      {"relu", unary<kRelu, kReluWish>},
      {"sigmoid", unary<kSigmoid, kSigmoidWish>},
      {"tanh", unary<kTanh, kTanhWish>},
      {"hardswish", unary<kHardSwish, kHardSwishWish>},
      {"relu6", relu6},
      {"hardtanh", clamp},
      {"clamp", clamp},
      {"clamp_min", clamp},
      {"clamp_max", clamp_max},
      {"silu", silu},
      {"gelu", gelu},
      {"hardsigmoid", hardsigmoid},
      {"leaky_relu", leaky_relu},
      {"add", add},
      {"sub", sub},
      {"mul", mul},
      {"div", div},
      {"max_pool2d", max_pool},
      {"avg_pool2d", avg_pool},
      {"adaptive_avg_pool2d", adaptive_avg_pool},
      {"mean", mean},
      {"addmm", addmm},
      {"matmul", matmul},
      {"mm", matmul},
      {"linear", linear},
      {"layer_norm", layer_norm},
      {"scaled_dot_product_attention", attention},
      {"softmax", softmax<kSoftmax, kSoftmaxWish>},
      {"log_softmax", softmax<kLogSoftmax, kLogSoftmaxWish>},
      {"dropout", dropout},
      {"feature_dropout", dropout},
      {"upsample_nearest2d", upsample_nearest},
      {"upsample_bilinear2d", upsample_bilinear},
      {"contiguous", identity},
      {"to", identity},
      {"detach", identity},
      {"alias", identity},
      {"clone", identity}};
  auto found = table.find(op);
  return found == table.end() ? find_layout_rule(op) : found->second;
}

}  // namespace espalier
