// Eight bits: the arithmetic against its formulas and LibTorch's, files there and back, and the runtime
// against the graph as LibTorch's float kernels compute it.
#include "espalier/deploy/quantise.h"

#include <cstdlib>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "espalier/core/files.h"
#include "espalier/deploy/export.h"
#include "espalier/deploy/fold.h"
#include "espalier/deploy/fuse.h"
#include "espalier/deploy/network.h"
#include "espalier/deploy/onnx_read.h"
#include "espalier/deploy/onnx_write.h"
#include "espalier/deploy/qdq.h"
#include "espalier/deploy/run_graph.h"
#include "espalier/deploy/trace.h"
#include "espalier/models/table.h"

#include "tests/deploy/networks.h"
#include "tests/expect_error.h"

namespace espalier {
namespace {

namespace nn = torch::nn;
using torch::Tensor;

ImageSource source_of(std::vector<Tensor> batches) {
  return [batches = std::move(batches), next = size_t{0}]() mutable -> std::optional<Tensor> {
    if (next == batches.size()) return std::nullopt;
    return batches[next++];
  };
}

Graph folded(ImageModel& model, const Shape& shape) {
  return folded_graph(model, {}, shape);
}

Graph quantised(const Graph& graph,
                const Tensor& images,
                QuantiseReport* report = nullptr,
                const QuantiseConfig& config = {}) {
  Graph result = graph;
  QuantiseReport made =
      quantise(result, measure_ranges(graph, source_of({images}), config.percentile), config);
  if (report) *report = made;
  return result;
}

const Node& node_of(const Graph& graph, const std::string& op, size_t which = 0) {
  for (const Node& node : graph.nodes)
    if (node.op == op && which-- == 0) return node;
  throw std::out_of_range(op);
}

size_t count_of(const Graph& graph, const std::string& op) {
  return static_cast<size_t>(std::count_if(graph.nodes.begin(), graph.nodes.end(),
                                           [&](const Node& node) { return node.op == op; }));
}

TEST(Histogram, KnowsPercentilesWhateverTheRangeBecomes) {
  Histogram histogram;
  Tensor first = random_images({50000}, 1) * 0.01, second = random_images({50000}, 2) * 3 + 1;
  for (const Tensor& part : {first, second})
    histogram.add(part.const_data_ptr<float>(), part.numel());
  Tensor all = torch::cat({first, second});
  EXPECT_EQ(histogram.smallest(), all.min().item<float>());
  EXPECT_EQ(histogram.largest(), all.max().item<float>());
  for (double share : {0.0001, 0.25, 0.5, 0.99, 0.9999})
    EXPECT_NEAR(histogram.below(share), torch::quantile(all, share).item<float>(), 0.02) << share;
  EXPECT_EQ(histogram.below(1), histogram.largest());
  Histogram zeros;
  float nothing[3] = {};
  zeros.add(nothing, 3);
  EXPECT_EQ(zeros.below(0.9), 0);
  float infinite = INFINITY;
  expect_error([&] { zeros.add(&infinite, 1); }, Kind::data, "not finite");
}

// LibTorch's own fake quantisation is the same function.
TEST(Quantise, RoundsValuesAsLibTorchDoes) {
  nn::Conv2d conv(nn::Conv2dOptions(3, 4, 3));
  auto model = make_net({{"conv", conv.ptr()}}, [=](Tensor x) mutable { return conv->forward(x); });
  Tensor images = random_images({2, 3, 9, 9}) * 2;
  Graph graph = quantised(folded(*model, {1, 3, 9, 9}), images);
  const Node& node = node_of(graph, "QuantizeLinear");
  QuantiseArguments q = quantise_arguments(graph, node);
  EXPECT_EQ(q.zero_point, 128);
  EXPECT_FALSE(q.is_signed);
  EXPECT_EQ(node.inputs[0], "images");
  Tensor rounded;
  GraphRunner(graph).run(images, [&](const std::string& value, const Tensor& numbers) {
    if (value == node_of(graph, "DequantizeLinear").outputs[0]) rounded = numbers.clone();
  });
  EXPECT_TRUE(
      torch::equal(rounded, torch::fake_quantize_per_tensor_affine(images, q.scale, 128, 0, 255)));
}

TEST(Quantise, ScalesFollowTheirFormulas) {
  nn::Conv2d a(nn::Conv2dOptions(3, 5, 3)), b(nn::Conv2dOptions(5, 4, 1));
  {
    torch::NoGradGuard no_gradients;
    a->weight[2].mul_(100);  // channels of unlike size
    a->weight[3].zero_();    // and a dead one with a bias
  }
  auto model = make_net({{"a", a.ptr()}, {"b", b.ptr()}}, [=](Tensor x) mutable {
    return b->forward(torch::relu(a->forward(x))).mean({2, 3});
  });
  Tensor images = random_images({4, 3, 8, 8});
  Graph floats = folded(*model, {1, 3, 8, 8});
  Ranges ranges = measure_ranges(floats, source_of({images}), 100);
  EXPECT_NEAR(ranges.at("images").high, images.max().item<float>(), 1e-6);
  Graph graph = floats;
  QuantiseReport report = quantise(graph, ranges);
  EXPECT_EQ(report.layers, 2);

  // Weights: whole numbers of at most 127 in steps of each channel's largest / 127.
  const Steps& steps = graph.steps.at("a.weight");
  EXPECT_FALSE(steps.wide);
  Tensor largest = a->weight.detach().abs().amax({1, 2, 3});
  for (int64_t c : {0, 1, 2, 4})
    EXPECT_FLOAT_EQ(steps.scale[c].item<float>(), largest[c].item<float>() / 127);
  Tensor whole = graph.constants.at("a.weight") / steps.scale.reshape({-1, 1, 1, 1});
  EXPECT_LT((whole - whole.round()).abs().max().item<float>(), 1e-4);
  EXPECT_NEAR(whole.abs().max().item<float>(), 127, 1e-4);
  Tensor off = (graph.constants.at("a.weight") - a->weight.detach()).abs().amax({1, 2, 3});
  EXPECT_TRUE((off <= steps.scale * 0.5001).all().item<bool>());

  // Values: signed ones around 128, those behind a rectifier from 0.
  QuantiseArguments in = quantise_arguments(graph, node_of(graph, "QuantizeLinear", 0)),
                    behind = quantise_arguments(graph, node_of(graph, "QuantizeLinear", 1));
  Range images_range = ranges.at("images");
  EXPECT_FLOAT_EQ(in.scale, std::max(-images_range.low, images_range.high) / 127);
  EXPECT_EQ(behind.zero_point, 0);
  EXPECT_FLOAT_EQ(behind.scale, ranges.at(node_of(floats, "Relu").outputs[0]).high / 255);

  // Biases: whole numbers of int32 in steps of both scales, also of the dead channel.
  const Steps& bias = graph.steps.at("a.bias");
  EXPECT_TRUE(bias.wide);
  EXPECT_TRUE(torch::allclose(bias.scale, steps.scale * in.scale));
  Tensor counts = graph.constants.at("a.bias").to(torch::kDouble) / bias.scale.to(torch::kDouble);
  EXPECT_LE(counts.abs().max().item<double>(), 0x1p22 * 1.01);
  EXPECT_TRUE(((graph.constants.at("a.bias") - a->bias.detach()).abs() <= bias.scale * 0.5001)
                  .all()
                  .item<bool>());
}

TEST(Quantise, MovingNumbersKeepsTheirScale) {
  nn::Conv2d a(nn::Conv2dOptions(4, 8, 3).padding(1)), b(nn::Conv2dOptions(4, 8, 1)),
      c(nn::Conv2dOptions(16, 8, 3));
  auto model = make_net({{"a", a.ptr()}, {"b", b.ptr()}, {"c", c.ptr()}}, [=](Tensor x) mutable {
    Tensor both = torch::cat({torch::relu(a->forward(x)), b->forward(x)}, 1);
    return c->forward(torch::max_pool2d(both, 2));
  });
  Tensor images = random_images({2, 4, 12, 12});
  Graph graph = quantised(folded(*model, {1, 4, 12, 12}), images);
  std::vector<QuantiseArguments> all;
  for (const Node& node : graph.nodes)
    if (node.op == "QuantizeLinear" && node.inputs[0] != "images")
      all.push_back(quantise_arguments(graph, node));
  ASSERT_EQ(all.size(), 4u);  // both convolutions, both together, pooled
  for (const QuantiseArguments& one : all) EXPECT_TRUE(one == all[0]);
}

TEST(Quantise, LeavesInFloatWhatItMustAndSaysWhy) {
  nn::Conv2d a(nn::Conv2dOptions(4, 8, 3)), gate(nn::Conv2dOptions(8, 8, 1)),
      b(nn::Conv2dOptions(8, 4, 1));
  auto model =
      make_net({{"a", a.ptr()}, {"gate", gate.ptr()}, {"b", b.ptr()}}, [=](Tensor x) mutable {
        Tensor y = torch::relu(a->forward(x));
        y = y * torch::sigmoid(gate->forward(y.mean({2, 3}, true)));
        return b->forward(y);
      });
  Tensor images = random_images({2, 4, 12, 12});
  Graph floats = folded(*model, {1, 4, 12, 12});
  QuantiseReport report;
  quantised(floats, images, &report);
  EXPECT_EQ(report.layers, 2);
  std::map<std::string, std::string> left(report.in_float.begin(), report.in_float.end());
  EXPECT_EQ(left.at("gate"), "its pictures have one pixel");
  EXPECT_NE(to_text(report).find("Sigmoid (no int8 kernel)"), std::string::npos);
  quantised(floats, images, &report, {.keep_float = {"b"}});
  EXPECT_EQ(report.layers, 1);
  EXPECT_NE(to_text(report).find("as wished: b"), std::string::npos);
  expect_error([&] { quantised(floats, images, &report, {.keep_float = {"gaze"}}); }, Kind::usage,
               "gaze", "gate");
  expect_error([&] { measure_ranges(floats, source_of({}), 99); }, Kind::data, "no images");
}

// --- networks ---

struct Small {
  std::string name;
  nlohmann::json arguments;
  int64_t side;
  int64_t in_float;  // layers at most
};

void PrintTo(const Small& small, std::ostream* out) {
  *out << small.name;
}

class Int8Model : public testing::TestWithParam<Small> {
 protected:
  void SetUp() override {
    torch::manual_seed(3);
    model_ = make_model(GetParam().name, GetParam().arguments);
    shake_norms(*model_);
    images_ = random_images({6, 3, GetParam().side, GetParam().side});
    floats_ = folded(*model_, {1, 3, GetParam().side, GetParam().side});
    graph_ = quantised(floats_, images_, &report_);
  }
  ImageModelPtr model_;
  Tensor images_;
  Graph floats_, graph_;
  QuantiseReport report_;
};

// Mean difference of the answers, relative to their spread.
double off(const Tensor& given, const Tensor& wanted) {
  return ((given - wanted).abs().mean() / (wanted - wanted.mean()).abs().mean()).item<double>();
}

TEST_P(Int8Model, AnswersAlmostAsInFloat) {
  int64_t layers = 0;
  for (const Node& node : floats_.nodes) layers += node.op == "Conv" || node.op == "Gemm";
  EXPECT_GE(report_.layers, layers - GetParam().in_float) << to_text(report_);
  EXPECT_LT(off(GraphRunner(graph_).run(images_), eager(*model_, images_)), 0.25);
}

TEST_P(Int8Model, IsTheSameReadBack) {
  std::string bytes = onnx_bytes(graph_);
  EXPECT_LT(bytes.size(), onnx_bytes(floats_).size() * 2 / 5);
  Graph read = parse_onnx(bytes, "memory");
  EXPECT_EQ(to_text(read), to_text(graph_));
  ASSERT_EQ(read.steps.size(), graph_.steps.size());
  for (const auto& [name, steps] : graph_.steps) {
    EXPECT_TRUE(torch::equal(read.steps.at(name).scale, steps.scale.reshape({-1}))) << name;
    EXPECT_EQ(read.steps.at(name).wide, steps.wide) << name;
    EXPECT_TRUE(torch::allclose(read.constants.at(name), graph_.constants.at(name), 1e-6, 0))
        << name;
  }
  EXPECT_EQ(onnx_bytes(read), bytes);
  // For tests/deploy/int8_peer_test.py.
  if (const char* kept = std::getenv("ESPALIER_INT8_OUT")) {
    const fs::path base = fs::path(kept) / GetParam().name;
    write_onnx(graph_, base.string() + ".onnx");
    write_onnx(floats_, base.string() + ".float");
    save_floats(base.string() + ".images", images_);
    save_floats(base.string() + ".logits", GraphRunner(graph_).run(images_));
    save_floats(base.string() + ".ours", Network(graph_).run(images_));
  }
}

// Sums in int32 and sums in float differ where a number lies between two steps; each such number may
// move a few others by a step.
TEST_P(Int8Model, RunsOnTheRuntimeAsOnTheOracle) {
  Graph merged = graph_;
  merge_rounded_sums(merged);
  Tensor wanted = GraphRunner(merged).run(images_);
  Network network(graph_), in_parts(graph_);
  Tensor given = network.run(images_);
  EXPECT_LT(off(given, wanted), 0.04);
  EXPECT_TRUE(torch::equal(network.run(images_), given)) << "the second time";
  for (int64_t i = 0; i < 2; ++i)
    EXPECT_LT(off(in_parts.run(images_.slice(0, i, i + 1)), given.slice(0, i, i + 1)), 1e-4);
  Network on_torch(graph_, {.runtime = "libtorch"});
  EXPECT_LT(off(on_torch.run(images_), GraphRunner(graph_).run(images_)), 1e-6);
}

INSTANTIATE_TEST_SUITE_P(
    All,
    Int8Model,
    testing::Values(Small{"resnet20", nlohmann::json::object(), 32, 0},
                    Small{"mobilenet_v2", {{"width", 0.35}}, 64, 0},
                    Small{"tf_efficientnet_lite0", nlohmann::json::object(), 64, 0},
                    Small{"shufflenet_v2_x0_5", nlohmann::json::object(), 64, 0},
                    Small{"squeezenet1_1", nlohmann::json::object(), 64, 0},
                    Small{"regnet_y_400mf", nlohmann::json::object(), 64, 40},
                    Small{"resnet50", nlohmann::json::object(), 64, 0}),
    [](const auto& info) { return info.param.name; });

bool computes_in_int8(const std::string& profile) {
  return profile.find("x8s8s32x") != std::string::npos ||
         profile.find("brgconv") != std::string::npos;
}

TEST(Int8Network, ComputesLayersSumsAndRoundingsAtOnce) {
  if (!has_onednn()) GTEST_SKIP() << "built without oneDNN";
  ImageModelPtr model = make_model("resnet18");
  shake_norms(*model);
  Tensor images = random_images({2, 3, 64, 64});
  Graph graph = quantised(folded(*model, {1, 3, 64, 64}), images);
  EXPECT_EQ(count_of(graph, "Add"), 8u);
  std::string text = Network(graph).profile(images, 1);
  if (!computes_in_int8(text)) GTEST_SKIP() << "no int8 on this processor";
  for (const char* left : {"Relu", "'Add'", "LibTorch"})
    EXPECT_EQ(text.find(left), std::string::npos) << text;
  // The pictures, and what the mean reads and gives.
  size_t roundings = 0;
  for (size_t at = text.find("rounding of"); at != std::string::npos;
       at = text.find("rounding of", at + 1))
    ++roundings;
  EXPECT_LE(roundings, 3u) << text;
}

// --- files of others, and broken ones ---

// A convolution as other programs write it: int8 values, or asymmetric ones, and one scale for all weights.
Graph foreign(const Tensor& zero_point, double scale) {
  nn::Conv2d conv(nn::Conv2dOptions(4, 8, 3).padding(1));
  auto model = make_net({{"conv", conv.ptr()}}, [=](Tensor x) mutable {
    return torch::relu(conv->forward(x)).mean({2, 3});
  });
  Graph graph = quantised(folded(*model, {1, 4, 12, 12}), random_images({2, 4, 12, 12}));
  for (const Node& node : graph.nodes)
    if (node.op == "QuantizeLinear") {
      graph.constants[node.inputs[1]] = torch::tensor({static_cast<float>(scale)});
      graph.constants[node.inputs[2]] = zero_point;
    }
  Steps& steps = graph.steps.at("conv.weight");
  Tensor largest = steps.scale.max().reshape({1});
  Tensor& weight = graph.constants.at("conv.weight");
  weight = (weight / largest).round() * largest;
  steps.scale = largest;
  graph.steps.erase("conv.bias");
  return graph;
}

TEST(Int8Network, RunsWhatOthersChoose) {
  Tensor images = random_images({2, 4, 12, 12});
  for (const Tensor& zero : {torch::tensor(0, torch::kChar), torch::tensor(0, torch::kByte),
                             torch::tensor(128, torch::kByte), torch::tensor(77, torch::kByte),
                             torch::tensor(-5, torch::kChar)}) {
    Graph graph = parse_onnx(onnx_bytes(foreign(zero, 0.02)), "memory");
    Tensor wanted = GraphRunner(graph).run(images);
    EXPECT_GT(wanted.abs().max().item<float>(), 0.01);
    EXPECT_LT(relative_difference(Network(graph).run(images), wanted), 0.01) << zero;
  }
}

// tests/golden/make_int8_golden.py made the file and the logits.
TEST(Int8File, OfOnnxRuntimesQuantiserGivesItsLogits) {
  fs::path folder = fs::path(__FILE__).parent_path().parent_path() / "golden" / "onnx";
  auto golden = nlohmann::json::parse(read_file(folder / "onnxruntime_int8.json"));
  Tensor wanted = torch::tensor(golden.at("logits").get<std::vector<float>>()).reshape({2, 3});
  Tensor images = (torch::arange(2 * 2 * 12 * 10, torch::kDouble) / 10).sin().to(torch::kFloat);
  Graph graph = read_onnx(folder / "onnxruntime_int8.onnx");
  EXPECT_EQ(graph.steps.size(), 6u);
  EXPECT_EQ(count_of(graph, "DequantizeLinear"), count_of(graph, "QuantizeLinear"));
  images = images.reshape({2, 2, 12, 10});
  EXPECT_LT(relative_difference(GraphRunner(graph).run(images), wanted), 1e-5);
  EXPECT_LT(relative_difference(Network(graph).run(images), wanted), 0.03);  // a step of the logits
}

TEST(Int8File, ThatIsBrokenIsRefused) {
  Graph good = foreign(torch::tensor(128, torch::kByte), 0.02);
  const Node quantise = node_of(good, "QuantizeLinear");
  const std::string scale = quantise.inputs[1], zero = quantise.inputs[2];
  auto refuse = [&](const std::function<void(Graph&)>& breaks, Kind kind, const auto&... words) {
    Graph graph = good;
    breaks(graph);
    expect_error([&] { Network{graph}; }, kind, words...);
  };
  auto set = [](const std::string& name, const Tensor& value) {
    return [=](Graph& graph) { graph.constants[name] = value; };
  };
  refuse(set(scale, torch::tensor(0.f)), Kind::format, "images.quantised", "above 0");
  refuse(set(scale, torch::tensor(NAN)), Kind::format, "nan");
  refuse(set(scale, torch::tensor(INFINITY)), Kind::format, "inf");
  refuse(set(scale, torch::tensor(-1.f)), Kind::format, "-1");
  refuse(set(scale, torch::ones({3})), Kind::unsupported, "3 scales");
  refuse(set(scale, torch::ones({}, torch::kLong)), Kind::format, "float32");
  refuse(set(zero, torch::zeros({2}, torch::kByte)), Kind::format, "zero point");
  refuse(set(zero, torch::zeros({})), Kind::format, "zero point");
  refuse([&](Graph& graph) { graph.constants.erase(scale); }, Kind::format, scale);
  refuse(
      [&](Graph& graph) {
        for (Node& node : graph.nodes)
          if (node.op == "DequantizeLinear") node.inputs[2] = free_name(graph, "other");
        graph.constants["other"] = torch::zeros({}, torch::kChar);
      },
      Kind::format, "another type");
  refuse(  // an operator on whole numbers
      [&](Graph& graph) {
        for (Node& node : graph.nodes)
          if (node.op == "Conv") node.inputs[0] = quantise.outputs[0];
      },
      Kind::unsupported, "conv", "DequantizeLinear");
  refuse(
      [&](Graph& graph) {
        for (Node& node : graph.nodes)
          if (node.op == "DequantizeLinear") node.inputs[0] = "images";
      },
      Kind::unsupported, "no QuantizeLinear");
}

TEST(Int8File, WithBrokenWeightsIsRefused) {
  Graph good = with_stored_weights(
      quantised(folded(*make_model("resnet20"), {1, 3, 16, 16}), random_images({2, 3, 16, 16})));
  auto weights = std::find_if(good.nodes.begin(), good.nodes.end(), [](const Node& node) {
    return node.op == "DequantizeLinear" && node.outputs[0] == "conv1.weight";
  });
  ASSERT_NE(weights, good.nodes.end());
  size_t which = static_cast<size_t>(weights - good.nodes.begin());
  const std::vector<std::string> inputs = weights->inputs;
  auto refuse = [&](const std::function<void(Graph&)>& breaks, Kind kind, const auto&... words) {
    Graph graph = good;
    breaks(graph);
    expect_error([&] { fold_stored_weights(graph); }, kind, "conv1.weight", words...);
  };
  auto set = [&](size_t input, const Tensor& value) {
    return [&, input, value](Graph& graph) { graph.constants[inputs[input]] = value; };
  };
  refuse(set(1, torch::ones({15})), Kind::format, "15 numbers");
  refuse(set(1, torch::ones({4, 4})), Kind::format, "16 numbers");
  refuse(set(1, torch::zeros({16})), Kind::format, "above 0");
  refuse(set(1, torch::full({16}, NAN)), Kind::format, "nan");
  refuse(set(2, torch::zeros({3}, torch::kChar)), Kind::format, "3 numbers");
  refuse(set(2, torch::zeros({16}, torch::kByte)), Kind::format, "another type");
  refuse(set(0, torch::zeros({16, 3, 3, 3})), Kind::format, "int8");
  refuse([&](Graph& graph) { graph.nodes[which].attributes["axis"] = int64_t{7}; }, Kind::format,
         "axis 7");
  refuse([&](Graph& graph) { graph.nodes[which].attributes["axis"] = std::string("x"); },
         Kind::format, "axis");
  refuse([&](Graph& graph) { graph.nodes[which].attributes["block_size"] = int64_t{2}; },
         Kind::unsupported, "block_size");
  Graph graph = good;
  graph.constants[inputs[0]] = torch::full({16, 3, 3, 3}, int64_t{1} << 40, torch::kLong);
  graph.constants[inputs[2]] = torch::zeros({16}, torch::kLong);
  expect_error([&] { fold_stored_weights(graph); }, Kind::format, "beyond int32");
}

}  // namespace
}  // namespace espalier
