// What each operator does to channels.
#include <algorithm>
#include <numeric>
#include <string_view>

#include "espalier/deploy/operators.h"
#include "espalier/deploy/shapes.h"
#include "espalier/prune/channel_flow.h"

namespace espalier {
namespace {

using Axes = std::vector<Ids>;

size_t index(int64_t axis) {
  return static_cast<size_t>(axis);
}

void elementwise(ChannelFlow& flow, const Node& node) {
  flow.set(node.outputs[0], flow.of(node.inputs[0]));
}

// Channels pass, the other axes have none.
void pooling(ChannelFlow& flow, const Node& node) {
  Axes out(4);
  out[1] = flow.of(node.inputs[0])[1];
  flow.set(node.outputs[0], out);
}

void convolution(ChannelFlow& flow, const Node& node) {
  const std::string& weight = node.inputs[1];
  const Ids& in = flow.of(node.inputs[0])[1];
  if (!flow.is_parameter(weight))
    return flow.keep_inputs(node, "has weights that are no parameter");
  ConvArguments conv = conv_arguments(flow.graph(), node);
  Ids out = flow.parameter_axis(weight, 0, AxisRole::writes);
  if (conv.groups == 1) {
    flow.bind(weight, 1, AxisRole::reads, in);
  } else if (in.empty()) {
    flow.keep(out, "is grouped over an input whose channels stay");
  } else {
    // A group goes as a whole, so that those that stay keep their channels; a depthwise convolution
    // has one in each.
    size_t groups = index(conv.groups), reads = in.size() / groups, writes = out.size() / groups;
    for (size_t group = 0; group < groups; ++group) {
      for (size_t i = 0; i < reads; ++i) flow.tie(in[group * reads], in[group * reads + i]);
      for (size_t i = 0; i < writes; ++i) flow.tie(in[group * reads], out[group * writes + i]);
    }
  }
  if (node.inputs.size() > 2) flow.bind(node.inputs[2], 0, AxisRole::shifts, out);
  Axes axes(4);
  axes[1] = out;
  flow.set(node.outputs[0], axes);
}

void batch_norm(ChannelFlow& flow, const Node& node) {
  const Ids& channels = flow.of(node.inputs[0])[1];
  const AxisRole roles[] = {AxisRole::scales, AxisRole::shifts, AxisRole::remembers,
                            AxisRole::remembers};
  for (size_t i = 0; i < 4; ++i) flow.bind(node.inputs[1 + i], 0, roles[i], channels);
  elementwise(flow, node);
}

void layer_norm(ChannelFlow& flow, const Node& node) {
  const Ids& channels = flow.of(node.inputs[0]).back();
  for (size_t i = 1; i < node.inputs.size(); ++i)
    flow.bind(node.inputs[i], 0, AxisRole::shifts, channels);
  elementwise(flow, node);
}

// x times a weight whose axis `reads` is summed over.
void linear(ChannelFlow& flow, const Node& node, int64_t reads) {
  const std::string& weight = node.inputs[1];
  if (!flow.is_parameter(weight))
    return flow.keep_inputs(node, "multiplies values that are no parameter");
  flow.bind(weight, reads, AxisRole::reads, flow.of(node.inputs[0]).back());
  Axes axes = flow.of(node.inputs[0]);
  axes.back() = flow.parameter_axis(weight, 1 - reads, AxisRole::writes);
  if (node.inputs.size() > 2) flow.bind(node.inputs[2], 0, AxisRole::shifts, axes.back());
  flow.set(node.outputs[0], axes);
}

void gemm(ChannelFlow& flow, const Node& node) {
  linear(flow, node, integer_attribute(node, "transB", 0) != 0 ? 1 : 0);
}

void matmul(ChannelFlow& flow, const Node& node) {
  linear(flow, node, 0);
}

// Sums and products, with broadcasting: both sides go together where both have channels.
void binary(ChannelFlow& flow, const Node& node) {
  const Shape& shape = flow.shape(node.outputs[0]);
  Axes out(shape.size());
  for (size_t from_end = 1; from_end <= shape.size(); ++from_end) {
    Ids& ids = out[shape.size() - from_end];
    struct Side {
      const std::string& name;
      int64_t axis;
    };
    std::vector<Side> sides;  // those that are not repeated along this axis
    for (size_t i = 0; i < 2; ++i) {
      const Shape& own = flow.shape(node.inputs[i]);
      int64_t axis = static_cast<int64_t>(own.size()) - static_cast<int64_t>(from_end);
      if (axis >= 0 && own[index(axis)] == shape[shape.size() - from_end])
        sides.push_back({node.inputs[i], axis});
    }
    for (const Side& side : sides) {
      if (flow.is_constant(side.name)) continue;
      const Ids& theirs = flow.of(side.name)[index(side.axis)];
      if (ids.empty())
        ids = theirs;
      else if (!theirs.empty())
        flow.tie(ids, theirs);
    }
    for (const Side& side : sides) {
      bool plain = !flow.is_constant(side.name);
      if (plain && flow.of(side.name)[index(side.axis)].empty())
        flow.keep(ids, "adds or multiplies channels that stay");
      if (plain) continue;
      if (!ids.empty())
        flow.bind(side.name, side.axis, AxisRole::shifts, ids);
      else if (sides.size() == 1 && from_end == 1)  // a token that is repeated over the batch
        ids = flow.parameter_axis(side.name, side.axis, AxisRole::shifts);
    }
  }
  flow.set(node.outputs[0], out);
}

void concat(ChannelFlow& flow, const Node& node) {
  const Shape& shape = flow.shape(node.outputs[0]);
  size_t joined = index(
      normal_axis(node, integer_attribute(node, "axis", 0), static_cast<int64_t>(shape.size())));
  Axes out(shape.size());
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    bool some = false, all = true;
    for (const std::string& input : node.inputs) {
      bool has = !flow.of(input)[axis].empty();
      some = some || has;
      all = all && has;
    }
    if (!some) continue;
    if (!all && axis != joined) {
      flow.keep_inputs(node, "joins channels that stay");
      continue;
    }
    for (const std::string& input : node.inputs) {
      Ids ids = flow.of(input)[axis];
      if (axis != joined) {
        if (out[axis].empty()) out[axis] = ids;
        flow.tie(out[axis], ids);
        continue;
      }
      if (ids.empty()) {
        ids = flow.fresh(flow.shape(input)[axis]);
        flow.keep(ids, "joins channels that stay");
      }
      out[axis].insert(out[axis].end(), ids.begin(), ids.end());
    }
  }
  flow.set(node.outputs[0], out);
}

// Zeros beside channels have no weights. Those in front and behind go in pairs, which keeps the
// padding of a narrower network even.
void pad(ChannelFlow& flow, const Node& node) {
  Axes out = flow.of(node.inputs[0]);
  PadArguments pad = pad_arguments(flow.graph(), node, static_cast<int64_t>(out.size()));
  for (size_t axis = 0; axis < out.size(); ++axis) {
    if (out[axis].empty()) continue;
    Ids before = flow.fresh(pad.before[axis]), after = flow.fresh(pad.after[axis]);
    size_t pairs = std::min(before.size(), after.size());
    for (size_t i = 0; i < pairs; ++i) flow.tie(before[i], after[i]);
    for (Ids* zeros : {&before, &after})
      flow.keep({zeros->begin() + static_cast<std::ptrdiff_t>(pairs), zeros->end()},
                "adds an odd number of channels");
    out[axis].insert(out[axis].begin(), before.begin(), before.end());
    out[axis].insert(out[axis].end(), after.begin(), after.end());
  }
  flow.set(node.outputs[0], out);
}

void slice(ChannelFlow& flow, const Node& node) {
  const Axes& in = flow.of(node.inputs[0]);
  Axes out = in;
  SliceArguments slice = slice_arguments(flow.graph(), node, static_cast<int64_t>(in.size()));
  for (int64_t axis : slice.axes) {
    if (flow.shape(node.inputs[0])[index(axis)] == flow.shape(node.outputs[0])[index(axis)])
      continue;
    flow.keep(in[index(axis)], "cuts its input at a fixed channel");
    out[index(axis)].clear();
  }
  flow.set(node.outputs[0], out);
}

void gather(ChannelFlow& flow, const Node& node) {
  Axes out = flow.of(node.inputs[0]);
  GatherArguments gather = gather_arguments(flow.graph(), node, flow.shape(node.inputs[0]));
  auto axis = out.begin() + gather.axis;
  flow.keep(*axis, "picks channels by number");
  axis->clear();
  if (gather.indices.dim() == 0) out.erase(axis);
  flow.set(node.outputs[0], out);
}

void transpose(ChannelFlow& flow, const Node& node) {
  const Axes& in = flow.of(node.inputs[0]);
  std::vector<int64_t> order(in.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(order.size() - 1 - i);
  if (auto perm = node.attributes.find("perm"); perm != node.attributes.end())
    order = std::get<std::vector<int64_t>>(perm->second);
  Axes out;
  for (int64_t axis : order) out.push_back(in[index(axis)]);
  flow.set(node.outputs[0], out);
}

// Axes of `in` and `out` in runs that hold the same numbers; within a run of several axes only the
// first of the input may have channels, and they become the one axis of the output, each as many
// times as the others have positions.
void regroup(ChannelFlow& flow, const Node& node) {
  const std::string& input = node.inputs[0];
  const Shape &in = flow.shape(input), &out = flow.shape(node.outputs[0]);
  const Axes& from = flow.of(input);
  Axes to(out.size());
  for (size_t i = 0, o = 0; i < in.size() && o < out.size();) {
    size_t first_in = i, first_out = o;
    int64_t left = in[i++], right = out[o++];
    while (left != right)
      if (left < right)
        left *= in[i++];
      else
        right *= out[o++];
    bool has_channels = false;
    for (size_t axis = first_in; axis < i; ++axis) has_channels |= !from[axis].empty();
    if (!has_channels) continue;
    bool others = false;
    for (size_t axis = first_in + 1; axis < i; ++axis) others |= !from[axis].empty();
    const Ids& channels = from[first_in];
    if (o - first_out != 1 || others || channels.empty()) {
      for (size_t axis = first_in; axis < i; ++axis)
        flow.keep(from[axis], "splits or interleaves channels");
      continue;
    }
    int64_t times = left / in[first_in];
    for (int32_t id : channels) to[first_out].insert(to[first_out].end(), index(times), id);
  }
  flow.set(node.outputs[0], to);
}

void reduce(ChannelFlow& flow, const Node& node) {
  const Axes& in = flow.of(node.inputs[0]);
  ReduceArguments reduce = reduce_arguments(flow.graph(), node, static_cast<int64_t>(in.size()));
  Axes out;
  for (size_t axis = 0; axis < in.size(); ++axis) {
    bool gone =
        std::binary_search(reduce.axes.begin(), reduce.axes.end(), static_cast<int64_t>(axis));
    if (gone) flow.keep(in[axis], "averages over channels");
    if (!gone || reduce.keep) out.push_back(gone ? Ids() : in[axis]);
  }
  flow.set(node.outputs[0], out);
}

void softmax(ChannelFlow& flow, const Node& node) {
  Axes out = flow.of(node.inputs[0]);
  Ids& across = out[index(
      normal_axis(node, integer_attribute(node, "axis", -1), static_cast<int64_t>(out.size())))];
  flow.keep(across, "compares channels with each other");
  flow.set(node.outputs[0], out);
}

using Rule = void (*)(ChannelFlow&, const Node&);

Rule find_rule(std::string_view op) {
  static const std::map<std::string_view, Rule> table = {{"Add", binary},
                                                         {"AveragePool", pooling},
                                                         {"BatchNormalization", batch_norm},
                                                         {"Clip", elementwise},
                                                         {"Concat", concat},
                                                         {"Conv", convolution},
                                                         {"Div", binary},
                                                         {"Dropout", elementwise},
                                                         {"Erf", elementwise},
                                                         {"Flatten", regroup},
                                                         {"Gather", gather},
                                                         {"Gemm", gemm},
                                                         {"GlobalAveragePool", pooling},
                                                         {"HardSigmoid", elementwise},
                                                         {"HardSwish", elementwise},
                                                         {"Identity", elementwise},
                                                         {"LayerNormalization", layer_norm},
                                                         {"LeakyRelu", elementwise},
                                                         {"LogSoftmax", softmax},
                                                         {"MatMul", matmul},
                                                         {"MaxPool", pooling},
                                                         {"Mul", binary},
                                                         {"Pad", pad},
                                                         {"ReduceMean", reduce},
                                                         {"Relu", elementwise},
                                                         {"Reshape", regroup},
                                                         {"Resize", pooling},
                                                         {"Sigmoid", elementwise},
                                                         {"Slice", slice},
                                                         {"Softmax", softmax},
                                                         {"Sub", binary},
                                                         {"Tanh", elementwise},
                                                         {"Transpose", transpose}};
  auto rule = table.find(op);
  return rule == table.end() ? nullptr : rule->second;
}

}  // namespace

void follow_channels(ChannelFlow& flow, const Node& node) {
  if (Rule rule = find_rule(node.op)) return rule(flow, node);
  flow.keep_inputs(node, "is an operator whose channels cannot be followed");
}

}  // namespace espalier
