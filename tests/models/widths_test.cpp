#include "espalier/models/widths.h"

#include <gtest/gtest.h>

#include "espalier/core/files.h"
#include "espalier/models/model_file.h"
#include "espalier/models/table.h"
#include "espalier/tensor/torch.h"

#include "tests/expect_error.h"

namespace espalier {
namespace {

using nlohmann::json;

// One inner layer of the second block, with everything that knows of it.
const json kNarrow = {
    {"layer1.1.conv1", {{"out", 5}}}, {"layer1.1.bn1", 5}, {"layer1.1.conv2", {{"in", 5}}}};

ImageModelPtr narrow_net(const json& widths) {
  return make_model("resnet20", {{"classes", 4}, {"layer_widths", widths}});
}

TEST(Widths, AreArgumentsOfAnyModel) {
  ImageModelPtr net = narrow_net(kNarrow);
  EXPECT_EQ(net->named_parameters()["layer1.1.conv1.weight"].sizes(),
            at::IntArrayRef({5, 16, 3, 3}));
  EXPECT_EQ(net->named_parameters()["layer1.1.conv2.weight"].sizes(),
            at::IntArrayRef({16, 5, 3, 3}));
  EXPECT_EQ(net->named_buffers()["layer1.1.bn1.running_var"].numel(), 5);
  EXPECT_EQ(net->arguments["layer_widths"], kNarrow);
  EXPECT_EQ(widths_of(*net, *make_model("resnet20", {{"classes", 4}})), kNarrow);
  EXPECT_EQ(net->forward(torch::zeros({2, 3, 32, 32})).sizes(), at::IntArrayRef({2, 4}));
  torch::nn::functional::cross_entropy(net->forward(torch::randn({2, 3, 32, 32})),
                                       torch::tensor({0, 1}))
      .backward();
  EXPECT_TRUE(net->named_parameters()["layer1.1.conv1.weight"].grad().defined());
}

// What a layer gives stays as large when it sums over fewer inputs.
TEST(Widths, FreshWeightsKeepTheSizeOfWhatALayerGives) {
  torch::manual_seed(1);
  ImageModelPtr net =
      make_model("resnet50", {{"layer_widths", {{"layer3.1.conv1", {{"in", 256}}}}}});
  torch::Tensor cut = net->named_parameters()["layer3.1.conv1.weight"],
                whole = net->named_parameters()["layer3.2.conv1.weight"];
  double ratio = (cut.std() / whole.std()).item<double>();
  EXPECT_NEAR(ratio, 2, 0.05);  // 1024 inputs before
}

TEST(Widths, WhatDoesNotFitIsNamed) {
  expect_error(
      [] {
        narrow_net({{"layer1.1.conv7", {{"out", 5}}}});
      },
      Kind::usage, "did you mean layer1.1.conv");
  expect_error([] { narrow_net({{"conv1", {{"out", 17}}}}); }, Kind::usage, "conv1", "17", "16");
  expect_error([] { narrow_net({{"conv1", {{"out", 0}}}}); }, Kind::usage, "conv1", "0");
  expect_error([] { narrow_net({{"conv1", {{"out", -3}}}}); }, Kind::usage, "conv1");
  expect_error([] { narrow_net({{"conv1", {{"width", 3}}}}); }, Kind::usage, "conv1", "width");
  expect_error([] { narrow_net({{"conv1", 8}}); }, Kind::usage, "conv1");
  expect_error([] { narrow_net({{"bn1", "many"}}); }, Kind::usage, "bn1");
  expect_error([] { narrow_net(json::array({1, 2})); }, Kind::usage, "layer_widths");
  expect_error(
      [] {
        make_model("mobilenet_v2", {{"layer_widths", {{"features.1.conv.0.0", {{"out", 3}}}}}});
      },
      Kind::usage, "features.1.conv.0.0", "a group");
}

TEST(Widths, AFileWhoseLayersDoNotFitTogetherIsRefused) {
  fs::path folder = fs::path(testing::TempDir()) / "espalier_widths";
  make_folder(folder);
  ModelMeta meta{.class_names = {}, .mean = {0, 0, 0}, .std = {1, 1, 1}, .input_size = 32};
  save_model(folder, *narrow_net(kNarrow), meta);
  EXPECT_EQ(load_model(folder).net->arguments["layer_widths"], kNarrow);
  json loose = kNarrow;
  loose.erase("layer1.1.conv2");
  save_model(folder, *narrow_net(loose), meta);
  expect_error([&] { load_model(folder); }, Kind::format, "model.safetensors");
  fs::remove_all(folder);
}

}  // namespace
}  // namespace espalier
