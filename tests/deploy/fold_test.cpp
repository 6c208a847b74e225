#include "espalier/deploy/fold.h"

#include <gtest/gtest.h>

#include "espalier/core/error.h"
#include "espalier/deploy/run_graph.h"
#include "espalier/deploy/trace.h"

#include "tests/deploy/networks.h"

namespace espalier {
namespace {

namespace nn = torch::nn;
using torch::Tensor;

int64_t count_norms(const Graph& graph) {
  return std::count_if(graph.nodes.begin(), graph.nodes.end(),
                       [](const Node& node) { return node.op == "BatchNormalization"; });
}

// A layer, a norm, and something that is not linear behind.
template <class Layer, class Norm>
std::shared_ptr<ImageModel> layer_and_norm(Layer layer, Norm norm) {
  return make_net({{"layer", layer.ptr()}, {"bn", norm.ptr()}}, [=](Tensor x) mutable {
    if constexpr (std::is_same_v<Layer, nn::Linear>) x = x.mean({2, 3});
    return torch::sigmoid(norm->forward(layer->forward(x)));
  });
}

struct Case {
  std::string name;
  std::shared_ptr<ImageModel> model;
};

// In the names that ctest shows.
void PrintTo(const Case& which, std::ostream* out) {
  *out << which.name;
}

std::vector<Case> cases() {
  torch::manual_seed(5);
  using Conv = nn::Conv2dOptions;
  using Transposed = nn::ConvTranspose2dOptions;
  nn::BatchNorm2d before(6);
  nn::Conv2d behind(Conv(6, 9, 3).groups(3));
  return {
      {"conv", layer_and_norm(nn::Conv2d(Conv(6, 8, 3).padding(1)), nn::BatchNorm2d(8))},
      {"conv_without_bias",
       layer_and_norm(nn::Conv2d(Conv(6, 8, 3).bias(false)), nn::BatchNorm2d(8))},
      {"depthwise", layer_and_norm(nn::Conv2d(Conv(6, 12, 3).groups(6)), nn::BatchNorm2d(12))},
      {"groups", layer_and_norm(nn::Conv2d(Conv(6, 9, 3).groups(3)), nn::BatchNorm2d(9))},
      {"norm_without_gamma",
       layer_and_norm(nn::Conv2d(Conv(6, 8, 3)),
                      nn::BatchNorm2d(nn::BatchNormOptions(8).affine(false)))},
      {"large_epsilon", layer_and_norm(nn::Conv2d(Conv(6, 8, 3)),
                                       nn::BatchNorm2d(nn::BatchNormOptions(8).eps(0.3)))},
      {"transposed",
       layer_and_norm(nn::ConvTranspose2d(Transposed(6, 4, 4).stride(2)), nn::BatchNorm2d(4))},
      {"transposed_groups",
       layer_and_norm(nn::ConvTranspose2d(Transposed(6, 4, 3).groups(2).bias(false)),
                      nn::BatchNorm2d(4))},
      {"linear", layer_and_norm(nn::Linear(6, 5), nn::BatchNorm1d(5))},
      {"linear_without_bias",
       layer_and_norm(nn::Linear(nn::LinearOptions(6, 5).bias(false)), nn::BatchNorm1d(5))},
      {"norm_before_unpadded_conv",
       make_net(
           {{"bn", before.ptr()}, {"layer", behind.ptr()}},
           [=](Tensor x) mutable { return behind->forward(before->forward(torch::relu(x))); })},
  };
}

class EachLayer : public testing::TestWithParam<Case> {};

TEST_P(EachLayer, FoldsExactlyAndOnce) {
  ImageModel& model = *GetParam().model;
  shake_norms(model);
  Tensor images = random_images({3, 6, 10, 12}), wanted = eager(model, images);
  Graph graph = trace(model, images);
  ASSERT_EQ(count_norms(graph), 1);
  FoldReport report = fold_norms(graph, /*all=*/true);
  EXPECT_EQ(report.folded, 1);
  EXPECT_EQ(count_norms(graph), 0);
  EXPECT_LT(relative_difference(GraphRunner(graph).run(images), wanted), 1e-5);
  std::string text = to_text(graph);
  EXPECT_EQ(fold_norms(graph).folded, 0);
  EXPECT_EQ(to_text(graph), text);
}

INSTANTIATE_TEST_SUITE_P(Fold, EachLayer, testing::ValuesIn(cases()), [](const auto& info) {
  return info.param.name;
});

// Two convolutions of one weight, each with a norm of its own: folding one must not change the
// other.
TEST(Fold, SharedWeightsAreCopied) {
  nn::Conv2d conv(nn::Conv2dOptions(4, 4, 3).padding(1));
  nn::BatchNorm2d first(4), second(4);
  auto model = make_net(
      {{"conv", conv.ptr()}, {"first", first.ptr()}, {"second", second.ptr()}},
      [=](Tensor x) mutable {
        return second->forward(conv->forward(torch::relu(first->forward(conv->forward(x)))));
      });
  shake_norms(*model);
  Tensor images = random_images({2, 4, 8, 8}), wanted = eager(*model, images);
  Graph graph = trace(*model, images);
  EXPECT_EQ(fold_norms(graph, true).folded, 2);
  EXPECT_LT(relative_difference(GraphRunner(graph).run(images), wanted), 1e-5);
}

TEST(Fold, LeavesANormWhoseConvolutionHasOtherReaders) {
  nn::Conv2d conv(nn::Conv2dOptions(4, 4, 3));
  nn::BatchNorm2d norm(4);
  auto model = make_net({{"conv", conv.ptr()}, {"bn", norm.ptr()}}, [=](Tensor x) mutable {
    Tensor y = conv->forward(x);
    return norm->forward(y) + y;
  });
  shake_norms(*model);
  Tensor images = random_images({2, 4, 8, 8}), wanted = eager(*model, images);
  Graph graph = trace(*model, images);
  FoldReport report = fold_norms(graph);
  ASSERT_EQ(report.left.size(), 1u);
  EXPECT_EQ(report.left[0].first, "bn");
  EXPECT_NE(report.left[0].second.find("other readers"), std::string::npos)
      << report.left[0].second;
  EXPECT_LT(relative_difference(GraphRunner(graph).run(images), wanted), 1e-5);
}

TEST(Fold, RefusesANormBeforeAZeroPaddedConvolution) {
  nn::BatchNorm2d norm(4);
  nn::Conv2d conv(nn::Conv2dOptions(4, 4, 3).padding(1));
  auto model = make_net({{"bn", norm.ptr()}, {"conv", conv.ptr()}},
                        [=](Tensor x) mutable { return conv->forward(norm->forward(x)); });
  shake_norms(*model);
  Tensor images = random_images({2, 4, 8, 8}), wanted = eager(*model, images);
  Graph graph = trace(*model, images);
  FoldReport report = fold_norms(graph);
  ASSERT_EQ(report.left.size(), 1u);
  EXPECT_NE(report.left[0].second.find("conv behind it pads with zeros"), std::string::npos)
      << report.left[0].second;
  EXPECT_EQ(count_norms(graph), 1);
  EXPECT_LT(relative_difference(GraphRunner(graph).run(images), wanted), 1e-5);
  try {
    fold_norms(graph, /*all=*/true);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Kind::unsupported);
    EXPECT_NE(std::string(error.what()).find("bn"), std::string::npos);
  }
}

TEST(Fold, NamesBiasesThatANormTakesAway) {
  nn::Conv2d useless(nn::Conv2dOptions(4, 4, 3)), bare(nn::Conv2dOptions(4, 4, 3).bias(false)),
      useful(nn::Conv2dOptions(4, 4, 1));
  nn::BatchNorm2d first(4), second(4);
  auto model = make_net({{"a", useless.ptr()},
                         {"b", bare.ptr()},
                         {"c", useful.ptr()},
                         {"n", first.ptr()},
                         {"m", second.ptr()}},
                        [=](Tensor x) mutable {
                          x = first->forward(useless->forward(x));
                          return useful->forward(second->forward(bare->forward(x)));
                        });
  EXPECT_EQ(useless_biases(trace(*model, random_images({2, 4, 8, 8}))),
            std::vector<std::string>{"a"});
}

}  // namespace
}  // namespace espalier
