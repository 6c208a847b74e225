// Batch norm as LibTorch computes it against its closed formulas, and norms that stay frozen.
#include "espalier/nn/norms.h"

#include <gtest/gtest.h>

#include "espalier/nn/param_groups.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

using torch::Tensor;
namespace nn = torch::nn;

Tensor per_channel(const Tensor& values) {
  return values.view({1, -1, 1, 1});
}

class BatchNorm : public testing::Test {
 protected:
  void SetUp() override {
    torch::manual_seed(11);
    norm->to(torch::kDouble);
    torch::NoGradGuard no_grad;
    norm->weight.uniform_(0.5, 2);
    norm->bias.normal_();
    x = torch::randn({3, 4, 5, 2}, torch::kDouble) * 3 + 1;
    dy = torch::randn_like(x);
    mu = x.mean({0, 2, 3});
    variance = (x - per_channel(mu)).square().mean({0, 2, 3});
    xhat = (x - per_channel(mu)) / per_channel((variance + 1e-5).sqrt());
  }
  nn::BatchNorm2d norm{4};
  Tensor x, dy, mu, variance, xhat;
  const double m = 3 * 5 * 2;
};

TEST_F(BatchNorm, TrainingNormalisesByTheBiasedBatchVariance) {
  Tensor expected = per_channel(norm->weight) * xhat + per_channel(norm->bias);
  EXPECT_LT((norm->forward(x) - expected).abs().max().item<double>(), 1e-12);
}

TEST_F(BatchNorm, RunningVarianceIsUnbiased) {
  norm->forward(x);
  Tensor mean = 0.1 * mu;
  Tensor var = 0.9 * torch::ones({4}, torch::kDouble) + 0.1 * variance * m / (m - 1);
  EXPECT_LT((norm->running_mean - mean).abs().max().item<double>(), 1e-12);
  EXPECT_LT((norm->running_var - var).abs().max().item<double>(), 1e-12);
}

TEST_F(BatchNorm, BackwardIsTheClosedForm) {
  x.set_requires_grad(true);
  norm->forward(x).backward(dy);
  Tensor s = (variance + 1e-5).sqrt();
  Tensor sum_dy = dy.sum({0, 2, 3}), sum_dy_xhat = (dy * xhat).sum({0, 2, 3});
  Tensor dx = per_channel(norm->weight.detach() / (m * s)) *
              (m * dy - per_channel(sum_dy) - xhat * per_channel(sum_dy_xhat));
  EXPECT_LT((x.grad() - dx).abs().max().item<double>(), 1e-11);
  EXPECT_LT((norm->weight.grad() - sum_dy_xhat).abs().max().item<double>(), 1e-11);
  EXPECT_LT((norm->bias.grad() - sum_dy).abs().max().item<double>(), 1e-11);
  EXPECT_LT(x.grad().sum({0, 2, 3}).abs().max().item<double>(), 1e-11);
  // sum dx xhat is 0 up to eps: it is gamma / s * (1 - sum xhat^2 / m) * sum dy xhat.
  EXPECT_LT((x.grad() * xhat).sum({0, 2, 3}).abs().max().item<double>(), 1e-3);
}

TEST_F(BatchNorm, BackwardIsTheSlopeOfForward) {
  x.set_requires_grad(true);
  norm->forward(x).backward(dy);
  torch::NoGradGuard no_grad;
  const double step = 1e-5;
  for (int64_t i : {0, 7, 31, 64, 119}) {
    Tensor up = x.detach().clone(), down = x.detach().clone();
    up.view(-1)[i] += step;
    down.view(-1)[i] -= step;
    double slope =
        ((norm->forward(up) - norm->forward(down)) * dy).sum().item<double>() / (2 * step);
    EXPECT_NEAR(x.grad().view(-1)[i].item<double>(), slope, 1e-6) << i;
  }
}

TEST(BatchNormBias, BeforeANormHasNoGradientAndNoEffect) {
  torch::manual_seed(12);
  nn::Conv2d conv(nn::Conv2dOptions(3, 8, 3).padding(1));
  nn::BatchNorm2d norm(8);
  Tensor x = torch::randn({4, 3, 6, 6}), weights = torch::randn({4, 8, 6, 6});
  Tensor y = norm->forward(conv->forward(x));
  (y * weights).mean().backward();
  EXPECT_LT(conv->bias.grad().abs().max().item<double>(), 1e-6);
  EXPECT_GT(conv->weight.grad().abs().max().item<double>(), 1e-3);
  torch::NoGradGuard no_grad;
  conv->bias.add_(2.5);
  EXPECT_LT((norm->forward(conv->forward(x)) - y).abs().max().item<double>(), 1e-4);
}

struct Pair : nn::Module {
  nn::Conv2d conv;
  nn::BatchNorm2d bn;
  nn::Dropout dropout;
  Pair() : conv(nn::Conv2dOptions(2, 3, 1)), bn(3) {
    register_module("conv", conv);
    register_module("bn", bn);
    register_module("dropout", dropout);
  }
  Tensor forward(const Tensor& x) { return dropout->forward(bn->forward(conv->forward(x))); }
};

TEST(FrozenNorms, StayFrozenUnderTrain) {
  torch::manual_seed(13);
  auto inner = std::make_shared<Pair>();
  nn::Sequential outer(inner);
  freeze_norms(*inner);
  freeze_norms(*inner);  // twice is once
  outer->train();
  inner->train();
  EXPECT_TRUE(inner->is_training());
  EXPECT_TRUE(inner->dropout->is_training());
  EXPECT_FALSE(inner->bn->is_training());
  Tensor before = inner->bn->running_mean.clone();
  inner->forward(torch::randn({4, 2, 3, 3})).sum().backward();
  EXPECT_TRUE(torch::equal(inner->bn->running_mean, before));
  EXPECT_FALSE(inner->bn->weight.grad().defined());
  EXPECT_TRUE(inner->conv->weight.grad().defined());
  EXPECT_EQ(split_by_decay(*inner).not_decayed.size(), 1u);  // the bias of the convolution

  thaw_norms(*inner);
  EXPECT_TRUE(inner->bn->is_training());
  EXPECT_TRUE(inner->bn->weight.requires_grad());
  EXPECT_EQ(inner->named_children().size(), 3u);
}

TEST(FrozenNorms, MayGoOnLearningGammaAndBeta) {
  auto net = std::make_shared<Pair>();
  freeze_norms(*net, /*learn_affine=*/true);
  EXPECT_TRUE(net->bn->weight.requires_grad());
  EXPECT_FALSE(net->bn->is_training());
}

TEST(FrozenNorms, LeaveTheStateNamesAlone) {
  auto net = std::make_shared<Pair>();
  std::vector<std::string> before = net->named_parameters().keys();
  freeze_norms(*net);
  EXPECT_EQ(net->named_parameters().keys(), before);
  EXPECT_EQ(net->named_buffers().size(), 3u);
}

TEST(ParameterGroups, NormsAndBiasesAreNotDecayed) {
  auto net = std::make_shared<Pair>();
  ParameterGroups groups = split_by_decay(*net);
  ASSERT_EQ(groups.decayed.size(), 1u);
  EXPECT_TRUE(groups.decayed[0].second.is_same(net->conv->weight));
  ASSERT_EQ(groups.not_decayed.size(), 3u);
  EXPECT_TRUE(groups.not_decayed[0].second.is_same(net->conv->bias));
  EXPECT_TRUE(groups.not_decayed[1].second.is_same(net->bn->weight));
}

}  // namespace
}  // namespace espalier
