// Weights of others into our networks: names, prefixes, shapes, and refusals that say what would fit.
#include "espalier/models/weights.h"

#include <cstdlib>
#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "espalier/format/torch_file.h"
#include "espalier/models/table.h"
#include "espalier/models/weight_names.h"

#include "tests/expect_error.h"
#include "tests/models/fill.h"

namespace espalier {
namespace {

using Fate = WeightLine::Fate;

class Weights : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / fmt::format("espalier_weights_{}", ::getpid());
    fs::remove_all(folder_);
    make_folder(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  // A file of torch.save's kind with the state of a net, each name behind `prefix`.
  WeightFile file_of(const torch::nn::Module& net,
                     const std::string& prefix,
                     const NamedTensors& more = {}) {
    NamedTensors state = module_state(net);
    for (auto& [name, tensor] : state) name = prefix + name;
    state.insert(state.end(), more.begin(), more.end());
    write_torch_file(folder_ / "net.pth", StoredTensors(state).tensors);
    return WeightFile::open(folder_ / "net.pth");
  }

  static ImageModelPtr filled(const std::string& name, const nlohmann::json& arguments = {}) {
    ImageModelPtr net =
        make_model(name, arguments.is_null() ? nlohmann::json::object() : arguments);
    fill_module(*net);
    return net;
  }

  // Whether all tensors but those of `except` are the same.
  static void expect_same(const torch::nn::Module& a,
                          const torch::nn::Module& b,
                          const std::string& except = "nothing") {
    NamedTensors left = module_state(a), right = module_state(b);
    for (size_t i = 0; i < left.size(); ++i) {
      if (left[i].first.starts_with(except)) continue;
      EXPECT_TRUE(at::equal(left[i].second, right[i].second)) << left[i].first;
    }
  }

  fs::path folder_;
};

TEST_F(Weights, APrefixOrDictAroundTheNamesIsFound) {
  ImageModelPtr net = filled("resnet20");
  for (const char* prefix :
       {"", "module.", "backbone.", "model.", "encoder.", "state_dict.module.", "net."}) {
    ImageModelPtr copy = make_model("resnet20");
    WeightReport report = load_weights(*copy, file_of(*net, prefix));
    EXPECT_EQ(report.prefix, prefix);
    EXPECT_EQ(report.count(Fate::loaded), static_cast<int64_t>(report.lines.size()));
    expect_same(*net, *copy);
  }
}

TEST_F(Weights, WhatStandsBesideTheNetIsSkippedAndNamed) {
  ImageModelPtr net = filled("resnet20"), copy = make_model("resnet20");
  WeightReport report =
      load_weights(*copy, file_of(*net, "state_dict.",
                                  {{"optimizer.state.0.exp_avg", at::ones({3})},
                                   {"state_dict.swap.weight", at::ones({2, 64})}}));
  EXPECT_EQ(report.count(Fate::skipped), 2);
  EXPECT_NE(report.table().find("skipped   optimizer.state.0.exp_avg  [3]"), std::string::npos)
      << report.table();
  expect_same(*net, *copy);
}

TEST_F(Weights, AnotherNumberOfClassesLeavesTheLastLayerAsItWas) {
  ImageModelPtr net = filled("resnet20"), copy = make_model("resnet20", {{"classes", 4}});
  at::Tensor before = copy->named_parameters()["linear.weight"].clone();
  WeightReport report = load_weights(*copy, file_of(*net, ""));
  EXPECT_EQ(report.count(Fate::head), 2);
  EXPECT_NE(report.summary().find("last layer left as initialised"), std::string::npos);
  EXPECT_NE(report.table().find("head      linear.weight  [10, 64]  needed [4, 64]"),
            std::string::npos)
      << report.table();
  EXPECT_TRUE(at::equal(copy->named_parameters()["linear.weight"], before));
  expect_same(*net, *copy, "linear.");
}

TEST_F(Weights, FirstConvolutionIsSummedForGrayImages) {
  ImageModelPtr net = filled("resnet20"), gray = make_model("resnet20", {{"in_channels", 1}});
  WeightReport report = load_weights(*gray, file_of(*net, ""));
  EXPECT_EQ(report.count(Fate::reshaped), 1);
  EXPECT_EQ(report.view.mean.size(), 1u);
  net->eval();
  gray->eval();
  torch::NoGradGuard no_grad;
  at::Tensor image = input_images({2, 1, 32, 32});
  at::Tensor colour = net->forward(image.expand({2, 3, 32, 32}));
  EXPECT_TRUE(at::allclose(gray->forward(image), colour, 1e-4, 1e-5));
}

TEST_F(Weights, OfAnotherNetworkAreRefusedWithTheOneThatFits) {
  ImageModelPtr deep = filled("resnet32"), copy = make_model("resnet20");
  at::Tensor before = copy->named_parameters()["conv1.weight"].clone();
  // Every tensor of resnet20 is there too, and yet it is not resnet20.
  expect_error([&] { load_weights(*copy, file_of(*deep, "module.")); }, Kind::usage,
               "of the table fits best: resnet32 (155 of 155)");
  EXPECT_TRUE(at::equal(copy->named_parameters()["conv1.weight"], before));
  ImageModelPtr deeper = make_model("resnet32");
  expect_error([&] { load_weights(*deeper, file_of(*filled("resnet20"), "")); }, Kind::usage,
               "95 of the 155 tensors that resnet32 needs");
  ImageModelPtr other = make_model("shufflenet_v2_x0_5");
  expect_error([&] { load_weights(*other, file_of(*deep, "")); }, Kind::usage,
               "fits best: resnet32");
  torch::nn::Linear linear(3, 4);
  expect_error([&] { load_weights(*copy, file_of(*linear, "things.")); }, Kind::usage,
               "no model of the table has names like these");
}

TEST_F(Weights, NotANumberIsRefusedAndNothingIsChanged) {
  ImageModelPtr net = filled("resnet20"), copy = make_model("resnet20");
  at::Tensor before = copy->named_parameters()["conv1.weight"].clone();
  {
    torch::NoGradGuard no_grad;
    net->named_parameters()["layer3.2.conv2.weight"].fill_(std::numeric_limits<float>::quiet_NaN());
  }
  expect_error([&] { load_weights(*copy, file_of(*net, "")); }, Kind::data,
               "'layer3.2.conv2.weight' holds a NaN");
  EXPECT_TRUE(at::equal(copy->named_parameters()["conv1.weight"], before));
}

TEST_F(Weights, HalfPrecisionIsWidened) {
  ImageModelPtr net = filled("resnet20"), copy = make_model("resnet20");
  net->to(at::kHalf);
  load_weights(*copy, file_of(*net, ""));
  EXPECT_TRUE(at::equal(copy->named_parameters()["conv1.weight"],
                        net->named_parameters()["conv1.weight"].to(at::kFloat)));
}

TEST_F(Weights, EfficientNetPyTorchsNamesAreOursInAnotherOrder) {
  ImageModelPtr net = make_model("tf_efficientnet_lite0");
  std::vector<Naming> namings = known_namings(*net);
  ASSERT_EQ(namings.size(), 2u);
  const auto& ours = namings[1].ours;
  EXPECT_EQ(ours.at("_conv_stem.weight"), "conv_stem.weight");
  EXPECT_EQ(ours.at("_bn1.running_var"), "bn2.running_var");
  EXPECT_EQ(ours.at("_blocks.0._project_conv.weight"), "blocks.0.0.conv_pw.weight");
  EXPECT_EQ(ours.at("_blocks.2._expand_conv.weight"), "blocks.1.1.conv_pw.weight");
  EXPECT_EQ(ours.at("_blocks.15._bn2.bias"), "blocks.6.0.bn3.bias");
  EXPECT_EQ(ours.at("_fc.bias"), "classifier.bias");
  EXPECT_EQ(ours.size(), module_state(*net).size());
  EXPECT_EQ(known_namings(*make_model("efficientnet_lite0")).size(), 1u);
}

TEST_F(Weights, ARunFolderSaysHowItsImagesLook) {
  ImageModelPtr net = filled("resnet20", {{"width", 8}, {"classes", 3}});
  save_model(
      folder_ / "run", *net,
      {.mean = {0.1, 0.2, 0.3}, .std = {0.4, 0.5, 0.6}, .input_size = 40, .crop_share = 0.9});
  WeightFile file = WeightFile::open(folder_ / "run");
  EXPECT_EQ(fitting_models(file), std::vector<std::string>{"resnet20"});
  WholeModel whole = whole_model(file, "resnet20");  // its width is none of the table's
  expect_same(*net, *whole.loaded.net);
  ImageModelPtr fresh = make_model("resnet20", {{"width", 8}, {"classes", 5}});
  WeightReport report = load_weights(*fresh, file);
  EXPECT_EQ(report.view.mean, (std::vector<double>{0.1, 0.2, 0.3}));
  EXPECT_EQ(report.view.crop_share, 0.9);
}

TEST_F(Weights, TheLastLayerOfOtherClassesIsNotTaken) {
  ImageModelPtr net = filled("resnet20", {{"classes", 3}});
  save_model(folder_ / "run", *net,
             {.class_names = {"ash", "elm", "oak"},
              .mean = {0.5, 0.5, 0.5},
              .std = {0.2, 0.2, 0.2},
              .input_size = 32});
  WeightFile file = WeightFile::open(folder_ / "run");
  for (const std::vector<std::string>& same : {std::vector<std::string>{}, {"ash", "elm", "oak"}}) {
    ImageModelPtr copy = make_model("resnet20", {{"classes", 3}});
    EXPECT_EQ(load_weights(*copy, file, same).count(WeightLine::Fate::head), 0);
    expect_same(*net, *copy);
  }
  ImageModelPtr other = make_model("resnet20", {{"classes", 3}});
  NamedTensors begin;
  for (const auto& [name, tensor] : module_state(*other)) begin.emplace_back(name, tensor.clone());
  WeightReport report = load_weights(*other, file, {"fig", "elm", "oak"});
  EXPECT_EQ(report.count(WeightLine::Fate::head), 2);
  expect_same(*net, *other, "linear");
  for (size_t i = 0; i < begin.size(); ++i)
    if (begin[i].first.starts_with("linear"))
      EXPECT_TRUE(at::equal(module_state(*other)[i].second, begin[i].second)) << begin[i].first;
  EXPECT_NE(report.table().find("for classes of other names"), std::string::npos);
}

TEST_F(Weights, AFileAloneBecomesAWholeModel) {
  WeightFile file = file_of(*filled("resnet20", {{"classes", 7}}), "module.");
  EXPECT_EQ(fitting_models(file), std::vector<std::string>{"resnet20"});
  WholeModel whole = whole_model(file, "resnet20");
  EXPECT_EQ(whole.loaded.net->arguments.at("classes"), 7);
  EXPECT_EQ(whole.loaded.meta.input_size, 32);
  EXPECT_NEAR(whole.loaded.meta.mean[0], 0.485, 1e-12);
  save_model(folder_ / "out", *whole.loaded.net, whole.loaded.meta);
  expect_same(*whole.loaded.net, *load_model(folder_ / "out").net);
}

TEST_F(Weights, WhatIsNoFileOfWeightsIsRefused) {
  write_file_atomic(folder_ / "notes.txt", "nothing");
  write_torch_file(folder_ / "empty.pth", {});
  expect_error([&] { WeightFile::open(folder_ / "notes.txt"); }, Kind::format,
               "notes.txt: neither a file of torch.save");
  expect_error([&] { WeightFile::open(folder_ / "empty.pth"); }, Kind::format, "no tensor in it");
  expect_error([&] { WeightFile::open(folder_); }, Kind::io,
               "no model.safetensors or pytorch_model.bin");
  expect_error([&] { WeightFile::open(folder_ / "none.pth"); }, Kind::io, "none.pth");
}

// Not a test of its own: weights_peer_test.py has files of theirs read.
TEST(PeerWeights, Read) {
  const char* path = std::getenv("ESPALIER_PEER_WEIGHTS");
  if (!path) GTEST_SKIP() << "only for weights_peer_test.py (ESPALIER_PEER_WEIGHTS)";
  torch::NoGradGuard no_grad;
  WeightFile file = WeightFile::open(path);
  WholeModel whole = whole_model(file, fitting_models(file).at(0));
  at::Tensor logits =
      whole.loaded.net->forward(input_images({2, 3, 64, 64})).to(torch::kDouble).contiguous();
  std::vector<double> values(logits.data_ptr<double>(), logits.data_ptr<double>() + logits.numel());
  write_file_atomic(std::string(path) + ".json", nlohmann::json(values).dump());
}

}  // namespace
}  // namespace espalier
