#include "espalier/models/cifar_resnet.h"

#include <gtest/gtest.h>

#include "espalier/models/table.h"

#include "tests/models/fill.h"

namespace espalier {
namespace {

// Option A is option B whose projection only moves channels. pytorchcv's nets check B
// (golden_test), this carries it to A.
TEST(CifarResNet, PaddedShortcutIsAProjectionThatOnlyMovesChannels) {
  torch::NoGradGuard no_grad;
  for (int64_t width : {16, 5}) {  // 5 to 10: an odd number of new channels
    nlohmann::json arguments = {{"width", width}, {"shortcut", "pad"}};
    ImageModelPtr padded = make_model("resnet20", arguments);
    arguments["shortcut"] = "conv";
    ImageModelPtr projected = make_model("resnet20", arguments);
    fill_module(*padded);
    fill_module(*projected);
    for (auto& [name, tensor] : module_state(*projected)) {
      if (name.ends_with("shortcut.0.weight")) {
        tensor.zero_();
        int64_t in = tensor.size(1), before = (tensor.size(0) - in) / 2;
        for (int64_t c = 0; c < in; ++c) tensor[before + c][c] = 1;
      } else if (name.ends_with("shortcut.1.running_var")) {
        tensor.fill_(1 - 1e-5);
      } else if (name.ends_with("shortcut.1.weight")) {
        tensor.fill_(1);
      } else if (name.find("shortcut.1.") != std::string::npos) {
        tensor.zero_();
      }
    }
    padded->eval();
    projected->eval();
    for (int64_t side : {32, 27}) {
      torch::Tensor x = input_images({2, 3, side, side});
      torch::Tensor a = padded->forward(x), b = projected->forward(x);
      EXPECT_LT((a - b).abs().max().item<double>(), 1e-5 * a.abs().max().item<double>()) << side;
    }
  }
}

TEST(CifarResNet, NamesAreThePortsNames) {
  std::set<std::string> names;
  for (const auto& [name, tensor] : module_state(*make_model("resnet20"))) names.insert(name);
  for (const char* name :
       {"conv1.weight", "bn1.running_var", "layer1.0.conv1.weight", "layer1.0.bn2.bias",
        "layer3.2.bn2.num_batches_tracked", "linear.weight", "linear.bias"})
    EXPECT_TRUE(names.count(name)) << name;
}

TEST(CifarResNet, BlocksCanBeginAsTheIdentity) {
  torch::NoGradGuard no_grad;
  ImageModelPtr net = make_model("resnet20", {{"zero_init_last_gamma", true}});
  net->eval();
  torch::Tensor x = torch::randn({1, 3, 32, 32});
  std::vector<torch::Tensor> maps = net->features(x);
  // Stage 2 then is every second pixel of stage 1, its channels in the middle of zeros.
  torch::Tensor expected = maps[0].slice(2, 0, 32, 2).slice(3, 0, 32, 2);
  EXPECT_TRUE(torch::equal(maps[1].slice(1, 8, 24), expected));
  EXPECT_EQ(maps[1].slice(1, 0, 8).abs().max().item<double>(), 0);
  EXPECT_EQ(maps[1].slice(1, 24, 32).abs().max().item<double>(), 0);
}

}  // namespace
}  // namespace espalier
