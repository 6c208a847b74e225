#include "espalier/prune/latency_model.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/core/interrupt.h"
#include "espalier/core/progress.h"
#include "espalier/core/random.h"
#include "espalier/deploy/fold.h"
#include "espalier/deploy/network.h"
#include "espalier/deploy/operators.h"
#include "espalier/deploy/shapes.h"
#include "espalier/deploy/trace.h"
#include "espalier/metrics/rank_correlation.h"
#include "espalier/prune/surgery.h"
#include "espalier/tensor/latency.h"
#include "espalier/tensor/runtime.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

constexpr int kFitted = 15, kCompared = 30;

// The rectifier that is the only reader of a node's value.
std::string rectifier_behind(const Graph& folded, const std::string& value) {
  if (count_uses(folded).at(value) != 1) return "";
  for (const Node& node : folded.nodes)
    if (!node.inputs.empty() && node.inputs[0] == value)
      return node.op == "Relu" || node.op == "Clip" ? node.op : "";
  return "";
}

LayerKey key_of(const Graph& folded, const Node& node, const std::map<std::string, Shape>& shapes) {
  const Shape &input = shapes.at(node.inputs[0]), &weight = shapes.at(node.inputs[1]);
  LayerKey key{.op = node.op, .rectifier = rectifier_behind(folded, node.outputs[0])};
  if (node.op == "MatMul") key.height = input[1];
  if (node.op != "Conv") return key;
  ConvArguments conv = conv_arguments(folded, node);
  auto pads = conv.pads_for(input[2], input[3]);
  key.kernel = {weight[2], weight[3]};
  key.strides = {conv.strides[0], conv.strides[1]};
  key.pads = {pads[0], pads[1], pads[2], pads[3]};
  key.in_a_group = conv.groups > 1 ? weight[1] : 0;
  key.height = input[2];
  key.width = input[3];
  return key;
}

// Widths of networks from narrow to whole.
Counts random_counts(const Structure& structure, const WidthConfig& widths, Random& random) {
  double least = random.uniform(0.1, 0.9);
  Counts counts;
  for (const ChannelGroup& group : structure.groups)
    counts.push_back(AllowedCounts(group, widths)
                         .nearest(static_cast<double>(group.size) * random.uniform(least, 1)));
  return counts;
}

std::vector<bool> first_of(const Structure& structure, const Counts& counts) {
  std::vector<bool> keep(structure.group_of.size(), false);
  for (size_t i = 0; i < counts.size(); ++i)
    for (int64_t k = 0; k < counts[i]; ++k)
      keep[static_cast<size_t>(structure.groups[i].first + k)] = true;
  return keep;
}

struct Line {
  double factor, overhead;
};

// measured = factor predicted + overhead with the least squared relative error.
Line fit_line(const std::vector<std::pair<double, double>>& measured_and_sum) {
  double w = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (auto [measured, sum] : measured_and_sum) {
    double weight = 1 / (measured * measured);
    w += weight;
    x += weight * sum;
    y += weight * measured;
    xx += weight * sum * sum;
    xy += weight * sum * measured;
  }
  double determinant = w * xx - x * x;
  if (!(determinant > 1e-12 * w * xx)) return {1, 0};
  double factor = (w * xy - x * y) / determinant;
  return {factor, (y - factor * x) / w};
}

Network as_exported(ImageModel& model, const Shape& input) {
  Graph graph = trace(model, at::zeros(input));
  fold_norms(graph);
  return Network(std::move(graph));
}

}  // namespace

double measured_latency(ImageModel& model, const Shape& input) {
  Network network = as_exported(model, input);
  at::Tensor picture = at::rand(input);
  return median_milliseconds([&] { network.run(picture); });
}

std::vector<double> measured_latencies(const std::vector<ImageModelPtr>& models,
                                       const Shape& input) {
  std::vector<Network> networks;
  for (const ImageModelPtr& model : models) networks.push_back(as_exported(*model, input));
  at::Tensor picture = at::rand(input);
  std::vector<std::function<void()>> calls;
  for (Network& network : networks) calls.push_back([&] { network.run(picture); });
  return medians_in_turns(calls);
}

LatencyModel::LatencyModel(const ImageModel& model,
                           const Graph& graph,
                           const Structure& structure,
                           const Shape& input)
    : network_(model.name) {
  Graph folded = graph;
  fold_norms(folded);
  std::map<std::string, Shape> shapes = infer_shapes(folded, input);
  std::map<std::string, const Node*> unfolded;
  for (const Node& node : graph.nodes) unfolded[node.name] = &node;
  auto width = [&](const std::string& value, int64_t whole) {
    auto found = structure.width_of.find(value);
    return found == structure.width_of.end() ? Width{.fixed = whole, .parts = {}} : found->second;
  };
  for (const Node& node : folded.nodes) {
    bool layer = node.op == "Conv" || node.op == "Gemm" || node.op == "MatMul";
    if (!layer || !folded.constants.count(node.inputs[1])) continue;
    const Shape &in = shapes.at(node.inputs[0]), &out = shapes.at(node.outputs[0]);
    size_t axis = node.op == "Conv" ? 1 : in.size() - 1;
    const Node& before = *unfolded.at(node.name);
    uses_.push_back({key_of(folded, node, shapes), width(before.inputs[0], in[axis]),
                     width(before.outputs[0], out[axis])});
  }
}

double LatencyModel::sum(const Counts& counts) const {
  double sum = 0;
  for (const Use& use : uses_) sum += times_.at(use.key, use.in.at(counts), use.out.at(counts));
  return sum;
}

double LatencyModel::milliseconds(const Counts& counts) const {
  return factor_ * sum(counts) + overhead_;
}

LatencyModel LatencyModel::measure(const ImageModel& model,
                                   const Graph& graph,
                                   const Structure& structure,
                                   const Shape& input,
                                   const WidthConfig& widths) {
  LatencyModel latency(model, graph, structure, input);
  const Counts whole = structure.whole();
  {
    std::map<LayerKey, std::pair<int64_t, int64_t>> most;
    for (const Use& use : latency.uses_) {
      auto& [in, out] = most[use.key];
      in = std::max(in, use.in.at(whole));
      out = std::max(out, use.out.at(whole));
    }
    Progress progress("timing layers", std::ssize(most), "kind");
    for (const auto& [key, channels] : most) {
      latency.times_.measure(key, channels.first, channels.second);
      progress.advance(1);
    }
  }
  Random random(1);
  std::vector<std::pair<double, double>> fitted;
  Progress progress("timing networks", kFitted + kCompared, "net");
  for (int i = 0; i < kFitted + kCompared; ++i) {
    if (interrupted()) fail(Kind::interrupted, "stopped while timing networks");
    Counts counts = i == 0 ? whole : random_counts(structure, widths, random);
    ImageModelPtr pruned = without_channels(model, structure, first_of(structure, counts));
    double measured = measured_latency(*pruned, input), sum = latency.sum(counts);
    (i < kFitted ? fitted : latency.compared_).emplace_back(measured, sum);
    progress.advance(1);
  }
  Line line = fit_line(fitted);
  latency.factor_ = line.factor;
  latency.overhead_ = line.overhead;
  for (auto& [measured, predicted] : latency.compared_) {
    predicted = line.factor * predicted + line.overhead;
    latency.error_ += std::abs(predicted - measured) / measured / kCompared;
  }
  latency.agreement_ = spearman(latency.compared_);
  return latency;
}

nlohmann::ordered_json LatencyModel::to_json() const {
  return {{"network", network_},
          {"machine", machine_line()},
          {"threads", runtime_threads()},
          {"precision", "fp32"},
          {"batch", 1},
          {"factor", factor_},
          {"overhead_ms", overhead_},
          {"mape", error_},
          {"spearman", agreement_},
          {"compared", compared_},
          {"layers", times_.to_json()}};
}

LatencyModel LatencyModel::from_json(const nlohmann::ordered_json& json,
                                     const ImageModel& model,
                                     const Graph& graph,
                                     const Structure& structure,
                                     const Shape& input) {
  LatencyModel latency(model, graph, structure, input);
  try {
    auto check = [&](const char* what, const std::string& theirs, const std::string& ours) {
      if (theirs != ours)
        fail(
            Kind::usage,
            "the table holds for the {} '{}', and this is '{}'; measure one here by giving --table "
            "a file that does not exist",
            what, theirs, ours);
    };
    check("network", json.at("network"), latency.network_);
    check("machine", json.at("machine"), machine_line());
    check("number of threads", std::to_string(json.at("threads").get<int64_t>()),
          std::to_string(runtime_threads()));
    json.at("factor").get_to(latency.factor_);
    json.at("overhead_ms").get_to(latency.overhead_);
    json.at("mape").get_to(latency.error_);
    json.at("spearman").get_to(latency.agreement_);
    json.at("compared").get_to(latency.compared_);
    latency.times_ = LayerTimes::from_json(json.at("layers"));
    for (const Use& use : latency.uses_)
      if (!latency.times_.has(use.key))
        fail(Kind::format, "the table lacks the times of '{}'", use.key.text());
  } catch (const nlohmann::json::exception& error) {
    fail(Kind::format, "the table: {}", error.what());
  }
  return latency;
}

}  // namespace espalier
