#include "espalier/deploy/cost.h"

#include <gtest/gtest.h>

#include "espalier/deploy/fold.h"
#include "espalier/deploy/trace.h"
#include "espalier/models/table.h"

#include "tests/deploy/networks.h"

namespace espalier {
namespace {

Cost cost_of(const std::string& name, int64_t side) {
  ImageModelPtr model = make_model(name);
  return count_cost(*model, 3, side, side);
}

// Parameters and GFLOPS as torchvision's documentation prints them for its weights
// (pytorch.org/vision/stable/models).
TEST(Cost, IsWhatTorchvisionPublishes) {
  struct Published {
    const char* name;
    int64_t parameters;
    double gmacs;
  };
  for (const Published& row :
       {Published{"resnet18", 11'689'512, 1.81}, Published{"resnet34", 21'797'672, 3.66},
        Published{"resnet50", 25'557'032, 4.09}, Published{"resnet101", 44'549'160, 7.80}}) {
    Cost cost = cost_of(row.name, 224);
    EXPECT_EQ(cost.parameters, row.parameters) << row.name;
    EXPECT_NEAR(static_cast<double>(cost.macs) / 1e9, row.gmacs, 0.006) << row.name;
  }
}

// He et al. 2015, table 6 gives 0.27 M parameters; the multiply-adds follow from the layers by
// hand: three stages of six 3x3 convolutions on 32, 16 and 8 pixels, of which the first of stages
// two and three reads half the channels.
TEST(Cost, OfResNet20IsTheSumOfItsLayers) {
  int64_t conv1 = 32 * 32 * 16 * 3 * 9, stage = 32 * 32 * 16 * 16 * 9;
  int64_t macs = conv1 + 6 * stage + (5 * stage + stage / 2) * 2 + 64 * 10;
  Cost cost = cost_of("resnet20", 32);
  EXPECT_EQ(cost.macs, macs);
  EXPECT_EQ(cost.parameters, 269'722);
}

TEST(Cost, FollowsThePictureWithoutAnotherTrace) {
  ImageModelPtr model = make_model("resnet18");
  Graph graph = trace(*model, torch::zeros({1, 3, 64, 64}));
  EXPECT_EQ(count_cost(graph, {1, 3, 224, 224}).macs, cost_of("resnet18", 224).macs);
  EXPECT_EQ(count_cost(graph, {8, 3, 224, 224}).macs, 8 * cost_of("resnet18", 224).macs);
}

TEST(Cost, OfMacsIsNotChangedByFolding) {
  ImageModelPtr model = make_model("resnet20");
  Graph graph = trace(*model, torch::zeros({1, 3, 32, 32}));
  Cost before = count_cost(graph, {1, 3, 32, 32});
  fold_norms(graph);
  Cost after = count_cost(graph, {1, 3, 32, 32});
  EXPECT_EQ(after.macs, before.macs);
  EXPECT_LT(after.parameters, before.parameters);
}

TEST(Cost, OfATransposedConvolutionCountsEachProduct) {
  torch::nn::ConvTranspose2d layer(torch::nn::ConvTranspose2dOptions(4, 6, 3).stride(2).groups(2));
  auto model =
      make_net({{"up", layer.ptr()}}, [=](torch::Tensor x) mutable { return layer->forward(x); });
  Cost cost = count_cost(*model, 4, 5, 7);
  EXPECT_EQ(cost.macs, 5 * 7 * 4 * (6 / 2) * 9);
  ASSERT_EQ(cost.layers.size(), 1u);
  EXPECT_EQ(cost.layers[0].name, "up");
  EXPECT_EQ(cost.layers[0].output, (Shape{1, 6, 11, 15}));
}

}  // namespace
}  // namespace espalier
