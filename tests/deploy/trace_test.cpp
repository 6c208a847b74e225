// Each operation that tracing knows, one at a time: the graph run on another batch than the traced
// one must give what the module itself gives.
#include "espalier/deploy/trace.h"

#include <gtest/gtest.h>

#include "espalier/core/error.h"
#include "espalier/core/files.h"
#include "espalier/deploy/network.h"
#include "espalier/deploy/onnx_read.h"
#include "espalier/deploy/onnx_write.h"
#include "espalier/deploy/run_graph.h"
#include "espalier/nn/pad_same.h"

#include "tests/deploy/networks.h"

namespace espalier {
namespace {

namespace nn = torch::nn;
namespace F = torch::nn::functional;
using torch::Tensor;

struct Case {
  std::string name;
  std::shared_ptr<ImageModel> model;
  bool also_other_size = true;
};

Case plain(std::string name, FunctionModel::Function function, bool also_other_size = true) {
  return {std::move(name), make_net({}, std::move(function)), also_other_size};
}

Case convolution(std::string name, nn::Conv2dOptions options) {
  nn::Conv2d conv(options);
  return {std::move(name),
          make_net({{"conv", conv.ptr()}}, [conv](Tensor x) mutable { return conv->forward(x); })};
}

Case transposed(std::string name, nn::ConvTranspose2dOptions options) {
  nn::ConvTranspose2d conv(options);
  return {std::move(name),
          make_net({{"conv", conv.ptr()}}, [conv](Tensor x) mutable { return conv->forward(x); })};
}

Case linear(std::string name, bool bias, bool pictures) {
  nn::Linear layer(nn::LinearOptions(pictures ? 12 : 6, 5).bias(bias));
  return {std::move(name),
          make_net({{"fc", layer.ptr()}},
                   [layer, pictures](Tensor x) mutable {
                     return layer->forward(pictures ? x : x.mean({2, 3}));
                   }),
          false};
}

// In the names that ctest shows.
void PrintTo(const Case& which, std::ostream* out) {
  *out << which.name;
}

std::vector<Case> cases() {
  torch::manual_seed(3);
  nn::BatchNorm2d norm(6), bare(nn::BatchNorm2dOptions(6).affine(false));
  nn::Conv2d shared(nn::Conv2dOptions(6, 6, 3).padding(1));
  nn::Conv2d strided(nn::Conv2dOptions(6, 4, 5).stride(3));
  nn::LayerNorm layer(nn::LayerNormOptions({12}));
  nn::Embedding token(1, 6);
  return {
      convolution("conv", nn::Conv2dOptions(6, 8, 3).padding(1)),
      convolution("conv_stride_dilation",
                  nn::Conv2dOptions(6, 8, {3, 2}).stride({2, 1}).dilation({1, 2}).padding({0, 2})),
      convolution("conv_depthwise", nn::Conv2dOptions(6, 12, 3).groups(6).bias(false)),
      convolution("conv_groups", nn::Conv2dOptions(6, 9, 3).groups(3)),
      transposed("transposed", nn::ConvTranspose2dOptions(6, 4, 4).stride(2).padding(1)),
      transposed("transposed_groups",
                 nn::ConvTranspose2dOptions(6, 4, 3).stride(2).output_padding(1).groups(2)),
      {"conv_same",
       make_net({{"conv", strided.ptr()}},
                [strided](Tensor x) mutable { return strided->forward(pad_same(x, 5, 3)); })},
      {"batch_norm",
       make_net({{"bn", norm.ptr()}}, [norm](Tensor x) mutable { return norm->forward(x); })},
      {"batch_norm_bare",
       make_net({{"bn", bare.ptr()}}, [bare](Tensor x) mutable { return bare->forward(x); })},
      {"layer_twice", make_net({{"conv", shared.ptr()}},
                               [shared](Tensor x) mutable {
                                 return shared->forward(torch::relu(shared->forward(x)));
                               })},
      linear("linear", true, false),
      linear("linear_no_bias", false, false),
      linear("linear_four_axes", true, true),
      linear("linear_four_axes_no_bias", false, true),
      plain("relu", [](Tensor x) { return torch::relu(x); }),
      plain("relu6", [](Tensor x) { return F::relu6(3 * x); }),
      plain("hardtanh", [](Tensor x) { return torch::hardtanh(x, -0.5, 0.25); }),
      plain("clamp", [](Tensor x) { return torch::clamp(x, 0, 1); }),
      plain("clamp_min", [](Tensor x) { return torch::clamp_min(x, 0.1); }),
      plain("clamp_max", [](Tensor x) { return torch::clamp_max(x, 0.1); }),
      plain("silu", [](Tensor x) { return torch::silu(x); }),
      plain("sigmoid", [](Tensor x) { return torch::sigmoid(x); }),
      plain("tanh", [](Tensor x) { return torch::tanh(x); }),
      plain("hardswish", [](Tensor x) { return torch::hardswish(3 * x); }),
      plain("hardsigmoid", [](Tensor x) { return torch::hardsigmoid(3 * x); }),
      plain("leaky_relu", [](Tensor x) { return torch::leaky_relu(x, 0.2); }),
      plain("gelu", [](Tensor x) { return torch::gelu(x); }),
      plain("add", [](Tensor x) { return x + torch::relu(x); }),
      plain("add_alpha", [](Tensor x) { return torch::add(x, torch::relu(x), 0.5); }),
      plain("add_number", [](Tensor x) { return x + 0.5; }),
      plain("sub", [](Tensor x) { return torch::sub(x, torch::relu(x), 2); }),
      plain("mul_broadcast",
            [](Tensor x) {
              return x * x.mean({2, 3}, true);
            }),
      plain("div", [](Tensor x) { return x / (2 + torch::relu(x)); }),
      plain("cat",
            [](Tensor x) {
              return torch::cat({x, torch::relu(x), x * 2}, 1);
            }),
      plain("max_pool", [](Tensor x) { return torch::max_pool2d(x, 3, 2, 1); }),
      plain("max_pool_ceil", [](Tensor x) { return torch::max_pool2d(x, 2, 2, 0, 1, true); }),
      plain("avg_pool", [](Tensor x) { return torch::avg_pool2d(x, 2); }),
      plain("avg_pool_padded", [](Tensor x) { return torch::avg_pool2d(x, 3, 2, 1); }),
      plain("avg_pool_valid_only",
            [](Tensor x) { return torch::avg_pool2d(x, 3, 2, 1, false, false); }),
      plain("adaptive_avg_pool",
            [](Tensor x) {
              return torch::adaptive_avg_pool2d(x, {1, 1});
            }),
      plain("mean",
            [](Tensor x) {
              return x.mean({2, 3});
            }),
      plain("mean_kept",
            [](Tensor x) {
              return x.mean({-1, -2}, true);
            }),
      plain("flatten", [](Tensor x) { return x.flatten(1); }),
      plain(
          "flatten_pictures", [](Tensor x) { return x.flatten(2); }, false),
      plain("view_baked_batch",
            [](Tensor x) {
              return x.view({x.size(0), -1});
            }),
      plain("view_explicit",
            [](Tensor x) {
              return x.view({x.size(0), x.size(1) * x.size(2) * x.size(3)});
            }),
      plain(
          "view_unknown_batch",
          [](Tensor x) {
            return x.view({-1, x.size(1), x.size(2) * x.size(3)});
          },
          false),
      plain(
          "view_into_batch",
          [](Tensor x) {
            Tensor y = x.reshape({x.size(0) * 2, 3, x.size(2), x.size(3)});
            return torch::avg_pool2d(y, 2).reshape({x.size(0), 6, x.size(2) / 2, -1});
          },
          false),
      plain(
          "channel_shuffle",
          [](Tensor x) {
            Tensor y = x.view({x.size(0), 2, 3, x.size(2), x.size(3)}).transpose(1, 2).contiguous();
            return y.view({x.size(0), -1, x.size(2), x.size(3)});
          },
          false),
      plain("channel_shuffle_operator", [](Tensor x) { return torch::channel_shuffle(x, 3); }),
      plain("select", [](Tensor x) { return x.select(1, 2) * 2; }),
      {"layer_norm",
       make_net({{"norm", layer.ptr()}}, [layer](Tensor x) mutable { return layer->forward(x); }),
       false},
      plain("layer_norm_of_channels",
            [](Tensor x) {
              return torch::layer_norm(x.permute({0, 2, 3, 1}), {6}).permute({0, 3, 1, 2});
            }),
      plain(
          "attention",
          [](Tensor x) { return torch::scaled_dot_product_attention(x, x * 2, x + 1); },
          false),  // the scale is the traced width's
      {"class_token",
       make_net({{"token", token.ptr()}},
                [token](Tensor x) mutable {
                  Tensor y = x.flatten(2).transpose(1, 2);
                  Tensor first = token->weight.unsqueeze(0).expand({x.size(0), 1, 6});
                  return torch::cat({first, y}, 1);
                })},
      {"computed_from_parameters",
       make_net({{"token", token.ptr()}},
                [token](Tensor x) mutable {
                  Tensor scale = torch::softmax(torch::cat({token->weight, token->weight}, 0), 1);
                  return x * scale.sum(0).reshape({1, 6, 1, 1});
                })},
      plain("permute",
            [](Tensor x) {
              return x.permute({0, 2, 3, 1});
            }),
      plain("slice", [](Tensor x) { return x.slice(1, 1, 5, 2); }),
      plain("slice_from_end", [](Tensor x) { return x.slice(2, -3); }),
      plain("pad_shortcut",
            [](Tensor x) {
              using torch::indexing::Slice;
              Tensor y = x.index({Slice(), Slice(), Slice(0, {}, 2), Slice(0, {}, 2)});
              return torch::constant_pad_nd(y, {0, 0, 0, 0, 2, 3}, 0);
            }),
      plain("pad_value",
            [](Tensor x) {
              return torch::constant_pad_nd(x, {1, 2, 3, 0}, 0.5);
            }),
      plain("dropout",
            [](Tensor x) {
              return F::dropout(x, F::DropoutFuncOptions().p(0.5).training(false)) + 1;
            }),
      plain("softmax", [](Tensor x) { return torch::softmax(x, 1); }),
      plain("log_softmax", [](Tensor x) { return torch::log_softmax(x, -1); }),
      plain("upsample_nearest",
            [](Tensor x) {
              return F::interpolate(x, F::InterpolateFuncOptions()
                                           .scale_factor(std::vector<double>{2, 2})
                                           .mode(torch::kNearest));
            }),
      plain(
          "upsample_to_size",
          [](Tensor x) {
            return F::interpolate(x, F::InterpolateFuncOptions()
                                         .size(std::vector<int64_t>{13, 5})
                                         .mode(torch::kNearest));
          },
          false),
      plain("upsample_bilinear",
            [](Tensor x) {
              return F::interpolate(x, F::InterpolateFuncOptions()
                                           .scale_factor(std::vector<double>{2, 2})
                                           .mode(torch::kBilinear)
                                           .align_corners(false));
            }),
      plain(
          "upsample_bilinear_corners",
          [](Tensor x) {
            return F::interpolate(x, F::InterpolateFuncOptions()
                                         .size(std::vector<int64_t>{15, 21})
                                         .mode(torch::kBilinear)
                                         .align_corners(true));
          },
          false),
      plain("in_place",
            [](Tensor x) {
              Tensor y = x * 2;
              y.relu_();
              Tensor kept = y + 1;
              y.add_(kept).mul_(0.5);
              return y + kept;
            }),
      plain("in_place_on_a_dead_view",
            [](Tensor x) {
              Tensor y = (x * 2).flatten(1);
              return y.relu_();
            }),
      plain("identity", [](Tensor x) { return x; }),
      plain("type_and_layout",
            [](Tensor x) { return x.to(torch::kFloat).contiguous().clone().detach() * 2; }),
  };
}

class EachOperation : public testing::TestWithParam<Case> {};

// For onnx_peer_test.py, which gives them to ONNX Runtime.
void keep_for_peer(const Case& which, const Graph& graph) {
  const char* folder = std::getenv("ESPALIER_ONNX_OUT");
  if (!folder) return;
  std::string base = (fs::path(folder) / which.name).string();
  Tensor images = random_images({5, 6, 10, 12});
  write_onnx(graph, base + ".onnx");
  save_floats(base + ".images", images);
  save_floats(base + ".logits", eager(*which.model, images));
}

TEST_P(EachOperation, RunsAsTheModuleAtAnotherBatchAndFromAFile) {
  ImageModel& model = *GetParam().model;
  shake_norms(model);
  Graph graph = trace(model, random_images({2, 6, 10, 12}));
  std::vector<Shape> shapes = {{1, 6, 10, 12}, {5, 6, 10, 12}};
  if (GetParam().also_other_size) shapes.push_back({3, 6, 13, 9});
  GraphRunner traced(graph), from_file(parse_onnx(onnx_bytes(graph), "memory"));
  Network network(graph);
  for (const Shape& shape : shapes) {
    Tensor images = random_images(shape), wanted = eager(model, images);
    EXPECT_LT(relative_difference(traced.run(images), wanted), 1e-5) << to_text(graph);
    EXPECT_LT(relative_difference(from_file.run(images), wanted), 1e-5) << to_text(graph);
    EXPECT_LT(relative_difference(network.run(images), wanted), 1e-5) << to_text(graph);
  }
  keep_for_peer(GetParam(), graph);
}

// A file of PyTorch's own exporter; its pictures beside it, our logits go there too.
TEST(OnnxFromPyTorch, Runs) {
  const char* file = std::getenv("ESPALIER_ONNX_IN");
  if (!file) GTEST_SKIP() << "onnx_peer_test.py runs it";
  int64_t side = std::atoll(std::getenv("ESPALIER_ONNX_SIDE"));
  fs::path base = fs::path(file).replace_extension();
  std::string bytes = read_file(base.string() + ".images");
  Tensor images = torch::from_blob(
      bytes.data(), {static_cast<int64_t>(bytes.size()) / (12 * side * side), 3, side, side},
      torch::kFloat);
  save_floats(base.string() + ".ours", GraphRunner(read_onnx(file)).run(images));
}

INSTANTIATE_TEST_SUITE_P(Trace, EachOperation, testing::ValuesIn(cases()), [](const auto& info) {
  return info.param.name;
});

TEST(Trace, NamesNodesAndWeightsByModule) {
  nn::Conv2d conv(nn::Conv2dOptions(3, 4, 3));
  auto model = make_net({{"stem", conv.ptr()}},
                        [conv](Tensor x) mutable { return torch::relu(conv->forward(x)); });
  Graph graph = trace(*model, torch::zeros({1, 3, 8, 8}));
  ASSERT_EQ(graph.nodes.size(), 2u);
  EXPECT_EQ(graph.nodes[0].name, "stem");
  EXPECT_EQ(graph.nodes[0].inputs,
            (std::vector<std::string>{"images", "stem.weight", "stem.bias"}));
  EXPECT_EQ(graph.inputs[0].shape, (Shape{-1, 3, 8, 8}));
  EXPECT_EQ(graph.outputs[0].name, "logits");
  EXPECT_EQ(graph.outputs[0].shape, (Shape{-1, 4, 6, 6}));
  EXPECT_NE(to_text(graph).find("stem = Conv(images, stem.weight [4,3,3,3], stem.bias [4])"),
            std::string::npos)
      << to_text(graph);
}

TEST(Trace, LeavesModeGradientsAndStatisticsAsTheyWere) {
  nn::BatchNorm2d first(3), second(3);
  auto model = make_net({{"first", first.ptr()}, {"second", second.ptr()}},
                        [=](Tensor x) mutable { return second->forward(first->forward(x)); });
  model->train();
  second->eval();
  second->bias.set_requires_grad(false);
  Tensor mean = first->running_mean.clone();
  trace(*model, random_images({2, 3, 4, 4}));
  EXPECT_TRUE(model->is_training() && first->is_training());
  EXPECT_FALSE(second->is_training());
  EXPECT_TRUE(first->weight.requires_grad());
  EXPECT_FALSE(second->bias.requires_grad());
  EXPECT_TRUE(torch::equal(mean, first->running_mean));
}

TEST(Trace, KeepsItsWeightsWhenTheModelTrainsOn) {
  nn::Conv2d conv(nn::Conv2dOptions(3, 4, 1));
  auto model =
      make_net({{"conv", conv.ptr()}}, [conv](Tensor x) mutable { return conv->forward(x); });
  Tensor images = random_images({1, 3, 4, 4}), before = eager(*model, images);
  Graph graph = trace(*model, images);
  {
    torch::NoGradGuard guard;
    conv->weight.zero_();
  }
  EXPECT_LT(relative_difference(GraphRunner(graph).run(images), before), 1e-6);
}

void expect_refused(FunctionModel::Function function, const std::string& word) {
  try {
    trace(*make_net({}, std::move(function)), random_images({2, 6, 8, 8}));
    FAIL() << "traced";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Kind::unsupported);
    EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
  }
}

TEST(Trace, RefusesWhatItCannotSayAndNamesIt) {
  expect_refused([](Tensor x) { return torch::relu(x).cumsum(1); }, "aten::cumsum (after relu)");
  expect_refused(
      [](Tensor x) {
        return torch::adaptive_avg_pool2d(x, {3, 3});
      },
      "adaptive_avg_pool2d");
  expect_refused([](Tensor x) { return torch::max_pool2d(x, 2, 3, 1, 1, true); }, "ceil_mode");
  expect_refused([](Tensor x) { return torch::dropout(x, 0.5, true); }, "dropout");
  expect_refused([](Tensor x) { return x.to(torch::kDouble); }, "Double");
  expect_refused([](Tensor x) { return x.slice(0, 0, 1); }, "batch");
}

TEST(Trace, RefusesAnInPlaceChangeThatAnotherViewSees) {
  expect_refused(
      [](Tensor x) {
        Tensor y = x * 2, part = y.slice(1, 0, 2);
        part.relu_();
        return y + 1;
      },
      "in place");
  expect_refused(
      [](Tensor x) {
        Tensor y = x * 2, part = y.slice(1, 0, 2);
        y.relu_();
        return part + 1;
      },
      "in place");
}

}  // namespace
}  // namespace espalier
