#include <gtest/gtest.h>

#include "espalier/deploy/trace.h"
#include "espalier/models/table.h"
#include "espalier/prune/budget.h"
#include "espalier/prune/latency_model.h"

#include "tests/deploy/networks.h"
#include "tests/expect_error.h"

namespace espalier {
namespace {

TEST(LayerTimes, GridsReachFromOneChannelToAll) {
  EXPECT_EQ(grid_points(128, 1), (std::vector<int64_t>{1, 8, 16, 24, 32, 40, 48, 56, 64, 96, 128}));
  EXPECT_EQ(grid_points(20, 1), (std::vector<int64_t>{1, 8, 16, 20}));
  EXPECT_EQ(grid_points(1, 1), (std::vector<int64_t>{1}));
  EXPECT_EQ(grid_points(48, 12), (std::vector<int64_t>{12, 24, 36, 48}));
}

TEST(LayerTimes, AreLinearBetweenTheirPointsAndSurviveAFile) {
  LayerKey key{.op = "Gemm"};
  auto json = nlohmann::ordered_json::parse(R"([{"op":"Gemm","kernel":[],"strides":[],"pads":[],
      "in_a_group":0,"height":1,"width":1,"rectifier":"",
      "in":[1,9],"out":[1,5],"milliseconds":[1.0,3.0,2.0,8.0]}])");
  LayerTimes times = LayerTimes::from_json(json);
  EXPECT_EQ(times.points(), 4);
  EXPECT_DOUBLE_EQ(times.at(key, 1, 1), 1);
  EXPECT_DOUBLE_EQ(times.at(key, 9, 5), 8);
  EXPECT_DOUBLE_EQ(times.at(key, 5, 1), 1.5);
  EXPECT_DOUBLE_EQ(times.at(key, 1, 3), 2);
  EXPECT_DOUBLE_EQ(times.at(key, 5, 3), 3.5);
  EXPECT_EQ(times.to_json(), json);
  json[0]["milliseconds"].erase(0);
  expect_error([&] { LayerTimes::from_json(json); }, Kind::format, "no grid");
}

TEST(LayerTimes, EveryKindOfLayerIsTimed) {
  LayerTimes times;
  for (const LayerKey& key : {LayerKey{.op = "Conv",
                             .kernel = {3, 3},
                             .strides = {2, 2},
                             .pads = {1, 1, 1, 1},
                             .height = 9,
                             .width = 9,
                             .rectifier = "Relu"},
                              LayerKey{.op = "Conv",
                              .kernel = {3, 3},
                              .strides = {1, 1},
                              .pads = {1, 1, 1, 1},
                              .in_a_group = 1,
                              .height = 9,
                              .width = 9,
                              .rectifier = "Clip"},
                              LayerKey{.op = "Conv",
                              .kernel = {1, 1},
                              .strides = {1, 1},
                              .pads = {0, 0, 0, 0},
                              .in_a_group = 4,
                              .height = 9,
                              .width = 9},
                              LayerKey{.op = "Gemm"}, LayerKey{.op = "MatMul", .height = 5}}) {
    times.measure(key, 16, 16);
    EXPECT_GT(times.at(key, 16, 16), 0) << key.text();
    EXPECT_GT(times.at(key, 5, 7), 0) << key.text();
  }
}

// What the times are depends on the machine and on what else it does; here only that they are
// followed, kept and guarded.
TEST(LatencyModel, PredictsFromWidthsAndHoldsForItsOwnMachineAlone) {
  const Shape input = {1, 3, 32, 32};
  ImageModelPtr model = make_model("resnet20", {{"width", 8}});
  Graph graph = trace(*model, torch::zeros(input));
  Structure structure = read_structure(*model, graph, input);
  LatencyModel latency = LatencyModel::measure(*model, graph, structure, input, {});
  EXPECT_EQ(latency.compared().size(), 30u);
  EXPECT_GT(latency.milliseconds(structure.whole()), 0);
  nlohmann::ordered_json json = latency.to_json();
  auto read = [&] { return LatencyModel::from_json(json, *model, graph, structure, input); };
  Counts counts = structure.whole();
  counts[1] = 3;
  EXPECT_DOUBLE_EQ(read().milliseconds(counts), latency.milliseconds(counts));

  CostModel cost(*model, graph, structure, input);
  EXPECT_EQ(cost.at(counts).latency_ns, 0);
  cost.predict(std::make_shared<LatencyModel>(read()));
  EXPECT_NEAR(static_cast<double>(cost.at(counts).latency_ns), 1e6 * latency.milliseconds(counts),
              1);
  Budget budget = parse_budget("latency=0.8ms", cost.at(counts));
  EXPECT_EQ(budget.latency()->most, 800'000);
  EXPECT_EQ(budget.excess({.latency_ns = 900'000}), "latency 0.900 ms of at most 0.800 ms");
  expect_error([&] { parse_budget("latency=3", cost.at(counts)); }, Kind::usage, "latency=3",
               "3ms");

  json["machine"] = "another";
  expect_error([&] { read(); }, Kind::usage, "machine", "another");
  json = latency.to_json();
  json["layers"].erase(0);
  expect_error([&] { read(); }, Kind::format, "lacks");
}

}  // namespace
}  // namespace espalier
