// The fast runtime against the modules themselves; each operator and each model of the table meet it
// in trace_test.cpp and table_test.cpp.
#include "espalier/deploy/network.h"

#include <thread>

#include <gtest/gtest.h>

#include "espalier/deploy/fold.h"
#include "espalier/deploy/fuse.h"
#include "espalier/deploy/trace.h"
#include "espalier/models/table.h"

#include "tests/deploy/networks.h"
#include "tests/expect_error.h"

namespace espalier {
namespace {

namespace nn = torch::nn;
using torch::Tensor;

nn::Conv2d conv3(int64_t in, int64_t out, int64_t stride = 1) {
  return nn::Conv2d(nn::Conv2dOptions(in, out, 3).padding(1).stride(stride));
}

void expect_same(const std::shared_ptr<FunctionModel>& model, const Shape& shape) {
  Tensor images = random_images(shape), wanted = eager(*model, images);
  Network network(trace(*model, images));
  EXPECT_LT(relative_difference(network.run(images), wanted), 1e-5);
  EXPECT_LT(relative_difference(network.run(images), wanted), 1e-5) << "the second time";
  Network half(trace(*model, images), {.precision = "bf16"});
  EXPECT_LT(relative_difference(half.run(images), wanted), 0.05);
}

// Sums that may and may not be computed over one of their terms.
TEST(Network, ResidualSumsOfEveryKind) {
  nn::Conv2d a = conv3(16, 16), b = conv3(16, 16), c = conv3(16, 16);
  auto run = [&](FunctionModel::Function function) {
    expect_same(make_net({{"a", a.ptr()}, {"b", b.ptr()}, {"c", c.ptr()}}, std::move(function)),
                {2, 16, 9, 11});
  };
  run([=](Tensor x) mutable {  // the block input is read again after the sum
    Tensor y = torch::relu(a->forward(x));
    Tensor z = torch::relu(b->forward(y) + y);
    return c->forward(z) + y;
  });
  run([=](Tensor x) mutable {  // the term is the convolution's own input
    Tensor y = torch::relu(a->forward(x));
    return b->forward(y) + y;
  });
  run([=](Tensor x) mutable {  // both terms are convolutions
    Tensor y = torch::relu(a->forward(x));
    return torch::relu(b->forward(y) + c->forward(y));
  });
  run([=](Tensor x) mutable {  // the images themselves are a term
    return torch::relu(a->forward(x) + x);
  });
  run([=](Tensor x) mutable {  // one value twice
    Tensor y = a->forward(x);
    return y + y;
  });
  run([=](Tensor x) mutable {  // a term that another value shares its memory with
    Tensor y = torch::relu(a->forward(x)), same = y.reshape({-1, 16, 11, 9});
    Tensor z = b->forward(x) + y;
    return z + c->forward(same).reshape({-1, 16, 9, 11});
  });
  run([=](Tensor x) mutable {  // the sum is the output and read, too
    Tensor y = a->forward(x) + b->forward(x);
    return torch::sigmoid(y) * y;
  });
}

TEST(Network, ConvolutionsOfEveryKind) {
  for (auto options :
       {nn::Conv2dOptions(16, 24, 1), nn::Conv2dOptions(16, 24, 3).stride(2).padding(1),
        nn::Conv2dOptions(16, 32, 3).groups(4).padding(1),
        nn::Conv2dOptions(16, 16, 5).groups(16).padding(2).bias(false),
        nn::Conv2dOptions(16, 17, 3).dilation(2).padding(2),
        nn::Conv2dOptions(16, 3, {1, 7}).padding({0, 3}).bias(false)}) {
    nn::Conv2d conv(options);
    for (int act = 0; act < 5; ++act)
      expect_same(make_net({{"conv", conv.ptr()}},
                           [=](Tensor x) mutable {
                             Tensor y = conv->forward(x);
                             return act == 0   ? y
                                    : act == 1 ? torch::relu(y)
                                    : act == 2 ? torch::clamp(y, 0, 6)
                                    : act == 3 ? torch::leaky_relu(y, 0.2)
                                               : torch::hardswish(y);
                           }),
                  {2, 16, 15, 14});
  }
}

// Another batch, another size, back again, more of them than plans are kept.
TEST(Network, AnyBatchAndSizeAtAnyTime) {
  ImageModelPtr model = make_model("resnet20");
  shake_norms(*model);
  Graph graph = trace(*model, torch::zeros({1, 3, 32, 32}));
  fold_norms(graph, true);
  for (const char* precision : {"fp32", "bf16"}) {
    Network network(graph, {.precision = precision});
    double allowed = std::string(precision) == "fp32" ? 1e-4 : 0.1;
    for (int64_t batch : {1, 2, 5, 1})
      for (int64_t side : {32, 40, 24, 32}) {
        Tensor images = random_images({batch, 3, side, side + 8});
        Tensor wanted = eager(*model, images);
        EXPECT_LT(relative_difference(network.run(images), wanted), allowed);
        Tensor other = images.contiguous(torch::MemoryFormat::ChannelsLast);
        EXPECT_LT(relative_difference(network.run(other), wanted), allowed) << "channels last";
      }
  }
}

TEST(Network, SeveralThreadsMayCall) {
  ImageModelPtr model = make_model("resnet20");
  shake_norms(*model);
  Network network(trace(*model, torch::zeros({1, 3, 32, 32})));
  std::vector<std::thread> threads;
  std::vector<double> worst(3, 0);
  for (size_t i = 0; i < worst.size(); ++i) {
    Tensor images = random_images({static_cast<int64_t>(i) + 1, 3, 32, 32}, i);
    Tensor wanted = eager(*model, images);
    threads.emplace_back([&, i, images, wanted] {
      for (int round = 0; round < 10; ++round)
        worst[i] = std::max(worst[i], relative_difference(network.run(images), wanted));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (double difference : worst) EXPECT_LT(difference, 1e-4);
}

TEST(Network, AutoChoosesAPrecisionWhoseAnswersAreGood) {
  ImageModelPtr model = make_model("resnet20");
  shake_norms(*model);
  Network network(trace(*model, torch::zeros({1, 3, 32, 32})), {.precision = "auto"});
  Tensor images = random_images({4, 3, 32, 32});
  EXPECT_LT(relative_difference(network.run(images), eager(*model, images)), 0.05);
  if (!processor_has_bf16()) {
    EXPECT_EQ(network.precision(), Precision::fp32);
  }
}

TEST(Network, ImagesThatDoNotFitDecideNothing) {
  ImageModelPtr model = make_model("resnet20");
  shake_norms(*model);
  Network network(trace(*model, torch::zeros({1, 3, 32, 32})), {.precision = "auto"});
  expect_error([&] { network.run(torch::zeros({1, 4, 32, 32})); }, Kind::data, "not 1x4x32x32");
  Tensor images = random_images({2, 3, 32, 32});
  EXPECT_LT(relative_difference(network.run(images), eager(*model, images)), 0.05);
}

TEST(Network, LibTorchIsTheOtherRuntime) {
  ImageModelPtr model = make_model("resnet20");
  shake_norms(*model);
  Network network(trace(*model, torch::zeros({1, 3, 32, 32})), {.runtime = "libtorch"});
  EXPECT_EQ(network.runtime(), "libtorch");
  Tensor images = random_images({2, 3, 32, 32});
  EXPECT_LT(relative_difference(network.run(images), eager(*model, images)), 1e-4);
}

TEST(Network, SaysWhatItWants) {
  nn::Conv2d conv = conv3(3, 4);
  auto model = make_net({{"conv", conv.ptr()}}, [=](Tensor x) mutable { return conv->forward(x); });
  Graph graph = trace(*model, torch::zeros({1, 3, 8, 8}));
  expect_error([&] { Network(graph, {.precision = "fp31"}); }, Kind::usage, "fp31");
  expect_error([&] { Network(graph, {.runtime = "onnx"}); }, Kind::usage, "onnx");
  Network network(graph);
  expect_error([&] { network.run(torch::zeros({1, 4, 8, 8})); }, Kind::data, "not 1x4x8x8");
  network.run(torch::zeros({1, 3, 8, 8}));  // also when these sizes have a plan
  expect_error(
      [&] {
        network.run(torch::zeros({1, 3, 8, 8}, torch::kHalf));
      },
      Kind::data, "float32");
}

TEST(Network, ComputesSumsAndActivationsWithTheConvolutions) {
  if (!has_onednn()) GTEST_SKIP() << "built without oneDNN";
  ImageModelPtr model = make_model("resnet18");
  Graph graph = trace(*model, torch::zeros({1, 3, 64, 64}));
  fold_norms(graph, true);
  std::string text = Network(graph).profile(random_images({1, 3, 64, 64}), 1);
  EXPECT_NE(text.find("layer1.0.conv1"), std::string::npos) << text;
  for (const char* left : {"Relu", "Add", "LibTorch"})
    EXPECT_EQ(text.find(left), std::string::npos) << text;
}

TEST(Fuse, TakesTheSumAndTheActivationWhenNothingElseReads) {
  nn::Conv2d a = conv3(4, 4), b = conv3(4, 4);
  auto model = make_net({{"a", a.ptr()}, {"b", b.ptr()}}, [=](Tensor x) mutable {
    Tensor y = a->forward(x);
    return torch::relu(b->forward(x) + y) * torch::sigmoid(y);
  });
  Graph graph = trace(*model, torch::zeros({1, 4, 8, 8}));
  Readers readers(graph);
  auto always = [](const Node&, const std::string&) { return true; };
  auto never = [](const Node&, const std::string&) { return false; };
  auto node = [&](const std::string& name) {
    return *std::find_if(graph.nodes.begin(), graph.nodes.end(),
                         [&](const Node& node) { return node.name == name; });
  };
  Fused first = fuse(graph, readers, node("a"), always);
  EXPECT_TRUE(first.absorbed.empty());  // two read it
  EXPECT_EQ(first.output, node("a").outputs[0]);
  Fused second = fuse(graph, readers, node("b"), always);
  EXPECT_EQ(second.absorbed.size(), 2u);
  EXPECT_EQ(second.addend, node("a").outputs[0]);
  ASSERT_TRUE(second.activation.has_value());
  EXPECT_EQ(second.activation->kind, Activation::Kind::relu);
  EXPECT_TRUE(fuse(graph, readers, node("b"), never).absorbed.empty());
}

}  // namespace
}  // namespace espalier
