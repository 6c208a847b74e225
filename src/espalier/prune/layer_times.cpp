#include "espalier/prune/layer_times.h"

#include <algorithm>
#include <chrono>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/core/interrupt.h"
#include "espalier/deploy/network.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

constexpr int kWarmRuns = 20, kRuns = 50;

Shape images_shape(const LayerKey& key, int64_t channels) {
  if (key.op == "Conv") return {1, channels, key.height, key.width};
  if (key.op == "MatMul") return {1, key.height, channels};
  return {1, channels};
}

// One layer as a network.
Graph graph_of(const LayerKey& key, int64_t in, int64_t out) {
  Graph graph;
  bool conv = key.op == "Conv", matmul = key.op == "MatMul";
  Shape input = images_shape(key, in), weight = {out, key.in_a_group > 0 ? key.in_a_group : in};
  input[0] = -1;
  graph.inputs = {Port{"images", input}};
  if (matmul) std::swap(weight[0], weight[1]);
  weight.insert(weight.end(), key.kernel.begin(), key.kernel.end());
  graph.constants["weight"] = at::randn(weight);
  Node layer{key.op, "layer", {"images", "weight"}, {"layer"}, {}};
  if (!matmul) {
    graph.constants["bias"] = at::randn({out});
    layer.inputs.push_back("bias");
  }
  if (conv) {
    layer.attributes = {{"kernel_shape", key.kernel},
                        {"strides", key.strides},
                        {"pads", key.pads},
                        {"group", key.in_a_group > 0 ? in / key.in_a_group : int64_t{1}}};
  } else if (!matmul) {
    layer.attributes = {{"transB", int64_t{1}}};
  }
  graph.nodes = {layer};
  if (!key.rectifier.empty()) {
    Node rectifier{key.rectifier, "rectifier", {"layer"}, {"rectifier"}, {}};
    if (key.rectifier == "Clip") {
      graph.constants["low"] = at::full({}, 0.0, at::kFloat);
      graph.constants["high"] = at::full({}, 6.0, at::kFloat);
      rectifier.inputs = {"layer", "low", "high"};
    }
    graph.nodes.push_back(rectifier);
  }
  graph.outputs = {Port{graph.nodes.back().outputs[0], {}}};
  return graph;
}

double median_time(const LayerKey& key, int64_t in, int64_t out) {
  using Clock = std::chrono::steady_clock;
  if (interrupted()) fail(Kind::interrupted, "stopped while measuring layers");
  Network network(graph_of(key, in, out));
  at::Tensor images = at::randn(images_shape(key, in));
  for (int i = 0; i < kWarmRuns; ++i) network.run(images);
  std::vector<double> times;
  for (int i = 0; i < kRuns; ++i) {
    auto start = Clock::now();
    network.run(images);
    times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  }
  std::nth_element(times.begin(), times.begin() + kRuns / 2, times.end());
  return times[kRuns / 2];
}

// Where `value` stands between two of `points`: the lower one's number and the share of the way.
std::pair<size_t, double> place(const std::vector<int64_t>& points, int64_t value) {
  if (points.size() == 1 || value <= points.front()) return {0, 0};
  size_t upper =
      static_cast<size_t>(std::lower_bound(points.begin(), points.end(), value) - points.begin());
  upper = std::min(upper, points.size() - 1);
  double low = static_cast<double>(points[upper - 1]), high = static_cast<double>(points[upper]);
  return {upper - 1, (static_cast<double>(value) - low) / (high - low)};
}

}  // namespace

std::string LayerKey::text() const {
  std::string text = op;
  if (op == "Conv") {
    text += fmt::format(" {} stride {} pads {}", fmt::join(kernel, "x"), fmt::join(strides, "x"),
                        fmt::join(pads, ","));
    if (in_a_group > 0) text += fmt::format(" groups of {}", in_a_group);
    text += fmt::format(" on {}x{}", height, width);
  }
  return rectifier.empty() ? text : text + " " + rectifier;
}

std::vector<int64_t> grid_points(int64_t most, int64_t unit) {
  std::vector<int64_t> points;
  auto add = [&](int64_t channels) {
    channels = std::min(most, (channels + unit - 1) / unit * unit);
    if (points.empty() || channels > points.back()) points.push_back(channels);
  };
  add(1);
  for (int64_t channels = 8; channels < std::min<int64_t>(most, 64); channels += 8) add(channels);
  for (int64_t channels = 64; channels < most; channels *= 2) {
    add(channels);
    add(channels + channels / 2);
  }
  add(most);
  return points;
}

void LayerTimes::measure(const LayerKey& key, int64_t most_in, int64_t most_out) {
  Grid& grid = grids_[key];
  grid = {.in = grid_points(most_in, std::max<int64_t>(1, key.in_a_group)),
          .out = {},
          .milliseconds = {}};
  // Of a grouped convolution the outputs follow from the inputs.
  grid.out = key.in_a_group > 0 ? std::vector<int64_t>{most_out} : grid_points(most_out, 1);
  for (int64_t in : grid.in)
    for (int64_t out : grid.out)
      grid.milliseconds.push_back(
          median_time(key, in, key.in_a_group > 0 ? in * most_out / most_in : out));
}

double LayerTimes::at(const LayerKey& key, int64_t in, int64_t out) const {
  auto found = grids_.find(key);
  if (found == grids_.end()) fail(Kind::internal, "no times of '{}'", key.text());
  const Grid& grid = found->second;
  auto [row, down] = place(grid.in, in);
  auto [column, right] = place(grid.out, out);
  auto corner = [&](size_t i, size_t j) {
    i = std::min(i, grid.in.size() - 1);
    j = std::min(j, grid.out.size() - 1);
    return grid.milliseconds[i * grid.out.size() + j];
  };
  return (1 - down) * ((1 - right) * corner(row, column) + right * corner(row, column + 1)) +
         down * ((1 - right) * corner(row + 1, column) + right * corner(row + 1, column + 1));
}

int64_t LayerTimes::points() const {
  int64_t points = 0;
  for (const auto& [key, grid] : grids_) points += std::ssize(grid.milliseconds);
  return points;
}

nlohmann::ordered_json LayerTimes::to_json() const {
  auto layers = nlohmann::ordered_json::array();
  for (const auto& [key, grid] : grids_)
    layers.push_back({{"op", key.op},
                      {"kernel", key.kernel},
                      {"strides", key.strides},
                      {"pads", key.pads},
                      {"in_a_group", key.in_a_group},
                      {"height", key.height},
                      {"width", key.width},
                      {"rectifier", key.rectifier},
                      {"in", grid.in},
                      {"out", grid.out},
                      {"milliseconds", grid.milliseconds}});
  return layers;
}

LayerTimes LayerTimes::from_json(const nlohmann::ordered_json& json) {
  LayerTimes times;
  try {
    for (const auto& layer : json) {
      LayerKey key{.op = layer.at("op"),
                   .kernel = layer.at("kernel"),
                   .strides = layer.at("strides"),
                   .pads = layer.at("pads"),
                   .in_a_group = layer.at("in_a_group"),
                   .height = layer.at("height"),
                   .width = layer.at("width"),
                   .rectifier = layer.at("rectifier")};
      Grid grid{layer.at("in"), layer.at("out"), layer.at("milliseconds")};
      if (grid.in.empty() || grid.out.empty() || !std::is_sorted(grid.in.begin(), grid.in.end()) ||
          !std::is_sorted(grid.out.begin(), grid.out.end()) ||
          grid.milliseconds.size() != grid.in.size() * grid.out.size())
        fail(Kind::format, "the times of '{}' are no grid", key.text());
      times.grids_[key] = std::move(grid);
    }
  } catch (const nlohmann::json::exception& error) {
    fail(Kind::format, "layers: {}", error.what());
  }
  return times;
}

}  // namespace espalier
