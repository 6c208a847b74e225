#include "espalier/train/swa.h"

#include <gtest/gtest.h>

#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

struct Net : torch::nn::Module {
  torch::nn::Linear linear{3, 2};
  torch::nn::BatchNorm1d norm{2};
  Net() {
    register_module("linear", linear);
    register_module("norm", norm);
  }
};

TEST(Swa, IsThePlainMeanAndLeavesTheNetAsItWas) {
  torch::NoGradGuard guard;
  Net net;
  Swa swa(net);
  at::Tensor sum = at::zeros_like(net.linear->weight);
  for (int i = 0; i < 5; ++i) {
    net.linear->weight.normal_();
    sum += net.linear->weight;
    swa.add();
  }
  at::Tensor last = net.linear->weight.clone();
  {
    Swa::Scope averaged(swa);
    EXPECT_TRUE(at::allclose(net.linear->weight, sum / 5, 0, 1e-6));
    net.norm->running_mean.fill_(7);
  }
  EXPECT_TRUE(at::equal(net.linear->weight, last));
  EXPECT_EQ(net.norm->running_mean.sum().item<double>(), 0);
}

TEST(Swa, TheMeanOfOneIsTheOneAndItsStateBringsItBack) {
  torch::NoGradGuard guard;
  Net net, other;
  Swa swa(net), copy(other);
  swa.add();
  NamedTensors from = swa.state(), to = copy.state();
  for (size_t i = 0; i < from.size(); ++i) {
    EXPECT_EQ(from[i].first, to[i].first);
    to[i].second.copy_(from[i].second);
  }
  EXPECT_EQ(copy.count(), 1);
  Swa::Scope averaged(copy);
  EXPECT_TRUE(at::equal(other.linear->weight, net.linear->weight));
}

}  // namespace
}  // namespace espalier
