#include "espalier/nn/bias_check.h"

#include <gtest/gtest.h>

#include "espalier/nn/norms.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

using torch::Tensor;
namespace nn = torch::nn;

// Each kind of neighbourhood once.
struct Net : nn::Module {
  nn::Conv2d into_norm{nn::Conv2dOptions(3, 4, 3).padding(1)};
  nn::BatchNorm2d norm1{4};
  nn::Conv2d bare{nn::Conv2dOptions(4, 4, 3).padding(1).bias(false)};
  nn::BatchNorm2d norm2{4};
  nn::Conv2d through_relu{nn::Conv2dOptions(4, 4, 1)};
  nn::BatchNorm2d norm3{4};
  nn::Conv2d also_elsewhere{nn::Conv2dOptions(4, 4, 1)};
  nn::BatchNorm2d norm4{4};
  nn::Linear linear{4, 6};
  nn::BatchNorm1d norm5{6};
  nn::Linear last{6, 2};
  Net() {
    register_module("into_norm", into_norm);
    register_module("norm1", norm1);
    register_module("bare", bare);
    register_module("norm2", norm2);
    register_module("through_relu", through_relu);
    register_module("norm3", norm3);
    register_module("also_elsewhere", also_elsewhere);
    register_module("norm4", norm4);
    register_module("linear", linear);
    register_module("norm5", norm5);
    register_module("last", last);
  }
  Tensor forward(const Tensor& x) {
    Tensor y = torch::relu(norm1->forward(into_norm->forward(x)));
    y = torch::relu(norm2->forward(bare->forward(y)));
    y = norm3->forward(torch::relu(through_relu->forward(y)));
    Tensor z = also_elsewhere->forward(y);
    y = norm4->forward(z) + z;
    y = norm5->forward(linear->forward(y.mean({2, 3})));
    return last->forward(y);
  }
};

std::vector<std::string> found(Net& net, const Tensor& x) {
  std::vector<std::string> names;
  for (const UselessBias& bias : find_useless_biases(net, [&] { return net.forward(x); }))
    names.push_back(bias.layer + ">" + bias.norm + ":" + std::to_string(bias.values));
  std::sort(names.begin(), names.end());
  return names;
}

TEST(UselessBiases, AreThoseThatFeedOnlyANorm) {
  torch::manual_seed(31);
  auto net = std::make_shared<Net>();
  EXPECT_EQ(found(*net, torch::randn({5, 3, 6, 6})),
            (std::vector<std::string>{"into_norm>norm1:4", "linear>norm5:6"}));
}

TEST(UselessBiases, BeforeAFrozenNormHaveAnEffect) {
  torch::manual_seed(32);
  auto net = std::make_shared<Net>();
  freeze_norms(*net);
  EXPECT_EQ(found(*net, torch::randn({5, 3, 6, 6})), std::vector<std::string>{});
}

TEST(UselessBiases, CheckLeavesTheNetAsItWas) {
  torch::manual_seed(33);
  auto net = std::make_shared<Net>();
  net->eval();
  Tensor x = torch::randn({5, 3, 6, 6});
  Tensor before = net->forward(x);
  torch::NoGradGuard no_grad;  // a caller in evaluation
  found(*net, x);
  EXPECT_TRUE(torch::equal(net->forward(x), before));
  EXPECT_FALSE(net->norm1->is_training());
  EXPECT_FALSE(net->into_norm->weight.grad().defined());
  EXPECT_EQ(net->norm1->num_batches_tracked.item<int64_t>(), 0);
}

}  // namespace
}  // namespace espalier
