#include "espalier/deploy/kernels.h"

#include "espalier/core/error.h"
#include "espalier/deploy/operators.h"
#include "espalier/deploy/qdq.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

using at::Tensor;
using Inputs = std::vector<Tensor>;

std::optional<Tensor> optional_input(const Inputs& in, size_t position) {
  if (position >= in.size() || !in[position].defined()) return std::nullopt;
  return in[position];
}

// The same, written for operators without arguments.
template <class Function>
Kernel plain(Function function) {
  return [function](const Inputs& in) { return function(in[0]); };
}

Kernel convolution(const Graph& graph, const Node& node) {
  ConvArguments conv = conv_arguments(graph, node);
  bool even = conv.pads[0] == conv.pads[2] && conv.pads[1] == conv.pads[3];
  if (conv.transposed && !even)
    fail(Kind::unsupported, "{}: pads differ between the two sides", describe(node));
  Pair pads = even ? Pair{conv.pads[0], conv.pads[1]} : Pair{0, 0};
  return [=](const Inputs& in) {
    Tensor x = in[0];
    if (conv.same || !even) {
      auto [top, left, bottom, right] = conv.pads_for(x.size(2), x.size(3));
      x = at::constant_pad_nd(x, {left, right, top, bottom}, 0);
    }
    return at::convolution(x, in[1], optional_input(in, 2), conv.strides, pads, conv.dilations,
                           conv.transposed, conv.output_padding, conv.groups);
  };
}

Kernel max_pool(const Graph&, const Node& node) {
  return [p = pool_arguments(node)](const Inputs& in) {
    return at::max_pool2d(in[0], p.kernel, p.strides, Pair{p.pads[0], p.pads[1]}, p.dilations,
                          p.ceil_mode);
  };
}

Kernel average_pool(const Graph&, const Node& node) {
  return [p = pool_arguments(node)](const Inputs& in) {
    return at::avg_pool2d(in[0], p.kernel, p.strides, Pair{p.pads[0], p.pads[1]}, false,
                          p.count_include_pad);
  };
}

Kernel batch_norm(const Graph&, const Node& node) {
  return [eps = number_attribute(node, "epsilon", 1e-5)](const Inputs& in) {
    return at::batch_norm(in[0], in[1], in[2], in[3], in[4], false, 0, eps, false);
  };
}

Kernel clip(const Graph& graph, const Node& node) {
  std::optional<at::Scalar> low, high;
  if (auto number = constant_number(graph, node, 1)) low = *number;
  if (auto number = constant_number(graph, node, 2)) high = *number;
  if (!low && !high) return plain([](const Tensor& x) { return x; });
  return [=](const Inputs& in) { return at::clamp(in[0], low, high); };
}

Kernel concat(const Graph&, const Node& node) {
  return
      [axis = integer_attribute(node, "axis", 1)](const Inputs& in) { return at::cat(in, axis); };
}

Kernel flatten(const Graph&, const Node& node) {
  return [axis = integer_attribute(node, "axis", 1)](const Inputs& in) {
    int64_t first = 1, split = axis < 0 ? axis + in[0].dim() : axis;
    for (int64_t i = 0; i < split; ++i) first *= in[0].size(i);
    return in[0].reshape({first, -1});
  };
}

Kernel gather(const Graph& graph, const Node& node) {
  return [&graph, &node](const Inputs& in) {
    const Tensor& x = in[0];
    GatherArguments gather = gather_arguments(graph, node, x.sizes().vec());
    if (gather.indices.dim() == 0) return x.select(gather.axis, gather.indices.item<int64_t>());
    if (x.dim() != 4 || gather.axis != 1) return x.index_select(gather.axis, gather.indices);
    // Channels of pictures: index_select on the last axis keeps them last in memory.
    return x.permute({0, 2, 3, 1}).index_select(3, gather.indices).permute({0, 3, 1, 2});
  };
}

Kernel layer_norm(const Graph&, const Node& node) {
  return [eps = number_attribute(node, "epsilon", 1e-5)](const Inputs& in) {
    return at::layer_norm(in[0], {in[0].size(-1)}, in[1], in.size() > 2 ? in[2] : Tensor(), eps);
  };
}

Kernel gemm(const Graph&, const Node& node) {
  return [transposed = integer_attribute(node, "transB", 0) != 0](const Inputs& in) {
    Tensor b = transposed ? in[1].t() : in[1];
    return in.size() > 2 && in[2].defined() ? at::addmm(in[2], in[0], b) : at::mm(in[0], b);
  };
}

Kernel hard_sigmoid(const Graph&, const Node& node) {
  double alpha = number_attribute(node, "alpha", 0.2), beta = number_attribute(node, "beta", 0.5);
  return [=](const Inputs& in) { return at::clamp(in[0] * alpha + beta, 0, 1); };
}

Kernel leaky_relu(const Graph&, const Node& node) {
  return [slope = number_attribute(node, "alpha", 0.01)](const Inputs& in) {
    return at::leaky_relu(in[0], slope);
  };
}

Kernel pad(const Graph& graph, const Node& node) {
  return [&graph, &node](const Inputs& in) {
    PadArguments pad = pad_arguments(graph, node, in[0].dim());
    std::vector<int64_t> amounts;  // LibTorch counts from the last axis
    for (size_t i = pad.before.size(); i-- > 0;)
      amounts.insert(amounts.end(), {pad.before[i], pad.after[i]});
    return at::constant_pad_nd(in[0], amounts, pad.value);
  };
}

// Quantised numbers are whole numbers in floats here.
Kernel quantise(const Graph& graph, const Node& node) {
  return [q = quantise_arguments(graph, node)](const Inputs& in) {
    Tensor whole = at::round(in[0].to(at::kFloat) / q.scale) + q.zero_point;
    return at::clamp_(whole, q.lowest(), q.highest());
  };
}

Kernel dequantise(const Graph& graph, const Node& node) {
  return [q = quantise_arguments(graph, node)](const Inputs& in) {
    return (in[0] - q.zero_point) * q.scale;
  };
}

Kernel reduce_mean(const Graph& graph, const Node& node) {
  return [&graph, &node](const Inputs& in) {
    ReduceArguments reduce = reduce_arguments(graph, node, in[0].dim());
    return at::mean(in[0], reduce.axes, reduce.keep);
  };
}

Kernel reshape(const Graph& graph, const Node& node) {
  return [shape = *constant_integers(graph, node, 1)](const Inputs& in) {
    std::vector<int64_t> sizes = shape;
    for (size_t i = 0; i < sizes.size(); ++i)
      if (sizes[i] == 0) sizes[i] = in[0].size(static_cast<int64_t>(i));
    return in[0].reshape(sizes);
  };
}

Kernel resize(const Graph& graph, const Node& node) {
  return [r = resize_arguments(graph, node)](const Inputs& in) {
    const Tensor& x = in[0];
    Pair sizes;
    std::array<std::optional<double>, 2> scales;
    for (size_t i = 0; i < 2; ++i) {
      int64_t size = x.size(2 + static_cast<int64_t>(i));
      sizes[i] =
          r.sizes
              ? (*r.sizes)[i]
              : static_cast<int64_t>(static_cast<float>(r.scales[i]) * static_cast<float>(size));
      if (!r.sizes) scales[i] = r.scales[i];
    }
    if (!r.linear) return at::upsample_nearest2d(x, sizes, scales[0], scales[1]);
    return at::upsample_bilinear2d(x, sizes, r.align_corners, scales[0], scales[1]);
  };
}

Kernel slice(const Graph& graph, const Node& node) {
  return [&graph, &node](const Inputs& in) {
    SliceArguments slice = slice_arguments(graph, node, in[0].dim());
    Tensor x = in[0];
    for (size_t i = 0; i < slice.axes.size(); ++i)
      x = x.slice(slice.axes[i], slice.starts[i], slice.ends[i], slice.steps[i]);
    return x;
  };
}

Kernel softmax(const Graph&, const Node& node) {
  return [axis = integer_attribute(node, "axis", -1)](const Inputs& in) {
    return at::softmax(in[0], axis);
  };
}

Kernel log_softmax(const Graph&, const Node& node) {
  return [axis = integer_attribute(node, "axis", -1)](const Inputs& in) {
    return at::log_softmax(in[0], axis);
  };
}

Kernel transpose(const Graph&, const Node& node) {
  auto perm = node.attributes.find("perm");
  if (perm == node.attributes.end())
    return plain([](const Tensor& x) {
      std::vector<int64_t> order;
      for (int64_t i = x.dim(); i-- > 0;) order.push_back(i);
      return x.permute(order);
    });
  return [order = std::get<std::vector<int64_t>>(perm->second)](const Inputs& in) {
    return in[0].permute(order);
  };
}

const std::map<std::string_view, Kernel (*)(const Graph&, const Node&)>& with_arguments() {
  static const std::map<std::string_view, Kernel (*)(const Graph&, const Node&)> table = {
      {"AveragePool", average_pool},
      {"BatchNormalization", batch_norm},
      {"Clip", clip},
      {"Concat", concat},
      {"Conv", convolution},
      {"ConvTranspose", convolution},
      {"DequantizeLinear", dequantise},
      {"Flatten", flatten},
      {"Gather", gather},
      {"Gemm", gemm},
      {"HardSigmoid", hard_sigmoid},
      {"LayerNormalization", layer_norm},
      {"LeakyRelu", leaky_relu},
      {"LogSoftmax", log_softmax},
      {"MaxPool", max_pool},
      {"Pad", pad},
      {"QuantizeLinear", quantise},
      {"ReduceMean", reduce_mean},
      {"Reshape", reshape},
      {"Resize", resize},
      {"Slice", slice},
      {"Softmax", softmax},
      {"Transpose", transpose}};
  return table;
}

const std::map<std::string_view, Kernel>& without_arguments() {
  static const std::map<std::string_view, Kernel> table = {
      {"Add", [](const Inputs& in) { return at::add(in[0], in[1]); }},
      {"Sub", [](const Inputs& in) { return at::sub(in[0], in[1]); }},
      {"Mul", [](const Inputs& in) { return at::mul(in[0], in[1]); }},
      {"Div", [](const Inputs& in) { return at::div(in[0], in[1]); }},
      {"MatMul", [](const Inputs& in) { return at::matmul(in[0], in[1]); }},
      {"Relu", plain([](const Tensor& x) { return at::relu(x); })},
      {"Sigmoid", plain([](const Tensor& x) { return at::sigmoid(x); })},
      {"Tanh", plain([](const Tensor& x) { return at::tanh(x); })},
      {"Erf", plain([](const Tensor& x) { return at::erf(x); })},
      {"HardSwish", plain([](const Tensor& x) { return at::hardswish(x); })},
      {"Identity", plain([](const Tensor& x) { return x; })},
      {"Dropout", plain([](const Tensor& x) { return x; })},
      {"GlobalAveragePool", plain([](const Tensor& x) {
         return at::adaptive_avg_pool2d(x, {1, 1});
       })}};
  return table;
}

}  // namespace

Kernel make_kernel(const Graph& graph, const Node& node) {
  if (auto row = without_arguments().find(node.op); row != without_arguments().end())
    return row->second;
  if (auto row = with_arguments().find(node.op); row != with_arguments().end())
    return row->second(graph, node);
  fail(Kind::internal, "{}: the operator has no kernel", describe(node));
}

}  // namespace espalier
