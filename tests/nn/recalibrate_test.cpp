#include "espalier/nn/recalibrate.h"

#include <gtest/gtest.h>

#include "espalier/core/error.h"
#include "espalier/nn/norms.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

using torch::Tensor;
namespace nn = torch::nn;

struct Net : nn::Module {
  nn::BatchNorm2d first{3};
  nn::Conv2d conv{nn::Conv2dOptions(3, 5, 3).bias(false)};
  nn::Dropout dropout{0.5};
  nn::BatchNorm2d second{5};
  Net() {
    register_module("first", first);
    register_module("conv", conv);
    register_module("dropout", dropout);
    register_module("second", second);
  }
  Tensor forward(const Tensor& x) {
    return second->forward(dropout->forward(conv->forward(first->forward(x))));
  }
};

// Batches of different sizes and means.
std::vector<Tensor> some_batches() {
  torch::manual_seed(21);
  std::vector<Tensor> batches;
  for (int64_t n : {4, 2, 6}) batches.push_back(torch::randn({n, 3, 6, 6}, torch::kDouble) * n + n);
  return batches;
}

std::function<bool()> feed(Net& net, const std::vector<Tensor>& batches, size_t& next) {
  return [&] {
    if (next == batches.size()) return false;
    net.forward(batches[next++]);
    return true;
  };
}

TEST(RecalibrateNorms, AveragesBatchStatisticsWithEqualWeight) {
  auto net = std::make_shared<Net>();
  net->to(torch::kDouble);
  net->first->running_mean.fill_(1e6);  // old statistics must leave no trace
  net->second->running_var.fill_(1e6);
  net->train();
  net->dropout->eval();  // an unusual mode that must come back
  std::vector<Tensor> batches = some_batches();
  size_t next = 0;
  EXPECT_EQ(recalibrate_norms(*net, feed(*net, batches, next)), 3);

  // By the formula, the second norm's input normalised by each batch's own statistics.
  Tensor mean1, var1, mean2, var2;
  auto add = [](Tensor& sum, const Tensor& value) {
    sum = sum.defined() ? sum + value / 3 : value / 3;
  };
  torch::NoGradGuard no_grad;
  for (const Tensor& x : batches) {
    Tensor mu = x.mean({0, 2, 3}), unbiased = x.var(at::IntArrayRef({0, 2, 3}), true);
    double m = static_cast<double>(x.numel()) / 3;
    Tensor biased = unbiased * (m - 1) / m;
    add(mean1, mu);
    add(var1, unbiased);
    Tensor xhat = (x - mu.view({1, 3, 1, 1})) / (biased + 1e-5).sqrt().view({1, 3, 1, 1});
    Tensor y = torch::conv2d(xhat, net->conv->weight);
    add(mean2, y.mean({0, 2, 3}));
    add(var2, y.var(at::IntArrayRef({0, 2, 3}), true));
  }
  EXPECT_LT((net->first->running_mean - mean1).abs().max().item<double>(), 1e-9);
  EXPECT_LT((net->first->running_var - var1).abs().max().item<double>(), 1e-9);
  EXPECT_LT((net->second->running_mean - mean2).abs().max().item<double>(), 1e-9);
  EXPECT_LT((net->second->running_var - var2).abs().max().item<double>(), 1e-9);

  EXPECT_TRUE(net->is_training());
  EXPECT_TRUE(net->second->is_training());
  EXPECT_FALSE(net->dropout->is_training());
  EXPECT_EQ(net->first->options.momentum(), std::optional<double>(0.1));
}

TEST(RecalibrateNorms, IsTheSameTwice) {
  auto net = std::make_shared<Net>();
  net->to(torch::kDouble);
  std::vector<Tensor> batches = some_batches();
  size_t next = 0;
  recalibrate_norms(*net, feed(*net, batches, next));
  Tensor once = net->second->running_var.clone();
  next = 0;
  recalibrate_norms(*net, feed(*net, batches, next));
  EXPECT_TRUE(torch::equal(net->second->running_var, once));
}

TEST(RecalibrateNorms, ReachesFrozenNormsAndLeavesThemFrozen) {
  auto net = std::make_shared<Net>();
  net->to(torch::kDouble);
  freeze_norms(*net);
  net->train();
  std::vector<Tensor> batches = some_batches();
  size_t next = 0;
  recalibrate_norms(*net, feed(*net, batches, next));
  EXPECT_NEAR(net->first->running_mean[0].item<double>(), 4, 1);
  EXPECT_FALSE(net->first->is_training());
}

TEST(RecalibrateNorms, BringsTheOldStatisticsBackOnError) {
  auto net = std::make_shared<Net>();
  net->to(torch::kDouble);
  net->eval();
  net->first->running_mean.fill_(7);
  EXPECT_THROW(recalibrate_norms(*net, [] { return false; }), Error);
  EXPECT_EQ(net->first->running_mean[0].item<double>(), 7);
  int calls = 0;
  try {
    // One value a channel at the second norm.
    recalibrate_norms(*net, [&] {
      net->forward(torch::randn({++calls == 1 ? 2 : 1, 3, 3, 3}, torch::kDouble));
      return true;
    });
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Kind::data);
    EXPECT_NE(std::string(error.what()).find("batch 1"), std::string::npos) << error.what();
  }
  EXPECT_EQ(net->first->running_mean[0].item<double>(), 7);
  EXPECT_FALSE(net->first->is_training());
}

}  // namespace
}  // namespace espalier
