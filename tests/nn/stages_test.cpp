#include "espalier/nn/stages.h"

#include <set>

#include <gtest/gtest.h>

#include "espalier/models/table.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

std::vector<std::string> stage_names(const std::string& model) {
  ImageModelPtr net = make_model(model, {{"classes", 3}});
  std::vector<std::string> names;
  for (const StageRate& stage : stage_rates(*net, *net, 1, 1)) names.push_back(stage.name);
  return names;
}

TEST(Stages, AreChildrenOfTheNetworkOrOfItsListOfBlocks) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(stage_names("resnet18"),
            (Names{"fc", "layer4", "layer3", "layer2", "layer1", "conv1"}));
  EXPECT_EQ(stage_names("tf_efficientnet_lite0"),
            (Names{"classifier", "conv_head", "blocks.6", "blocks.5", "blocks.4", "blocks.3",
                   "blocks.2", "blocks.1", "blocks.0", "conv_stem"}));
  EXPECT_EQ(stage_names("regnet_y_1_6gf"),
            (Names{"fc", "trunk_output.block4", "trunk_output.block3", "trunk_output.block2",
                   "trunk_output.block1", "stem"}));
  EXPECT_EQ(stage_names("mobilenet_v2").size(), 20u);
  Names vit = stage_names("vit_small");
  ASSERT_EQ(vit.size(), 14u);
  EXPECT_EQ(vit[0], "head");
  EXPECT_EQ(vit[1], "blocks.11");
  EXPECT_EQ(vit[13], "patch_embed");
}

TEST(Stages, EveryParameterOfEveryModelIsInOneAndTheHeadIsTheFirst) {
  for (const ModelRow& row : model_table()) {
    ImageModelPtr net = row.make({{"classes", 7}});
    std::vector<StageRate> stages = stage_rates(*net, *net, 10, 0.5);
    std::set<std::string> seen;
    double factor = 10;
    for (const StageRate& stage : stages) {
      EXPECT_DOUBLE_EQ(stage.factor, factor) << row.name << " " << stage.name;
      factor = factor == 10 ? 0.5 : factor * 0.5;
      for (const std::string& name : stage.parameters)
        EXPECT_TRUE(seen.insert(name).second) << row.name << " " << name;
    }
    EXPECT_EQ(seen.size(), net->parameters().size()) << row.name;
    EXPECT_LE(stages[0].parameters.size(), 4u) << row.name;
    EXPECT_EQ(net->named_parameters()[stages[0].parameters.back()].size(0), 7) << row.name;
  }
}

TEST(Stages, HeadsAroundTheNetworkGoWithItsOwn) {
  torch::nn::Module whole;
  ImageModelPtr net = make_model("resnet20", {{"classes", 3}});
  whole.register_module("network", net);
  whole.register_module("location", torch::nn::Conv2d(64, 2, 1));
  std::vector<StageRate> stages = stage_rates(whole, *net, 10, 0.5);
  EXPECT_EQ(stages[0].parameters,
            (std::vector<std::string>{"network.linear.weight", "network.linear.bias",
                                      "location.weight", "location.bias"}));
  EXPECT_EQ(stages[1].name, "layer3");
  EXPECT_EQ(stages[1].parameters[0], "network.layer3.0.conv1.weight");
}

}  // namespace
}  // namespace espalier
