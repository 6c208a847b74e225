#include "espalier/nn/run_blocks.h"

#include <gtest/gtest.h>

#include "espalier/nn/norm_act.h"
#include "espalier/tensor/precision.h"
#include "espalier/tensor/recompute.h"
#include "espalier/tensor/runtime.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

struct Block : torch::nn::Module {
  torch::nn::Conv2d conv{torch::nn::Conv2dOptions(6, 6, 3).padding(1).bias(false)};
  torch::nn::BatchNorm2d norm{6};
  Block() {
    register_module("conv", conv);
    register_module("norm", norm);
  }
  at::Tensor forward(const at::Tensor& x) {
    at::Tensor y = norm_act(norm, conv->forward(x), Rectifier::relu, x);
    return at::dropout(y, 0.3, is_training());
  }
};

// All that a training step leaves: the loss, the gradients (the images' too), the statistics, the
// generator.
std::vector<at::Tensor> step(bool recompute, Precision precision, bool images_learn) {
  seed_generator(3);
  torch::nn::Sequential blocks{Block(), Block(), Block()};
  at::Tensor images = torch::randn({4, 6, 9, 9}).set_requires_grad(images_learn);
  Recompute scope(recompute);
  at::Tensor loss;
  {
    Autocast cast(precision);
    loss = run_blocks(*blocks, images).to(at::kFloat).square().mean();
  }
  loss.backward();
  std::vector<at::Tensor> all = {loss.detach(), generator_state()};
  for (const at::Tensor& parameter : blocks->parameters()) all.push_back(parameter.grad());
  for (const at::Tensor& buffer : blocks->buffers()) all.push_back(buffer);
  if (images_learn) all.push_back(images.grad());
  return all;
}

TEST(RunBlocks, RecomputingLeavesTheSameBits) {
  for (Precision precision : {Precision::fp32, Precision::bf16})
    for (bool images_learn : {false, true}) {
      std::vector<at::Tensor> plain = step(false, precision, images_learn);
      std::vector<at::Tensor> again = step(true, precision, images_learn);
      ASSERT_EQ(plain.size(), again.size());
      for (size_t i = 0; i < plain.size(); ++i) {
        ASSERT_TRUE(plain[i].defined() && again[i].defined()) << i;
        EXPECT_TRUE(at::equal(plain[i], again[i])) << name_of(precision) << ", tensor " << i;
      }
    }
}

// The step that chooses the arithmetic runs its backward pass inside the Autocast scope, where the
// weights cast by the first run are still cached.
TEST(RunBlocks, RecomputesAlsoInsideAutocast) {
  seed_generator(3);
  torch::nn::Sequential blocks{Block()};
  Recompute scope(true);
  Autocast cast(Precision::bf16);
  run_blocks(*blocks, torch::randn({2, 6, 8, 8})).to(at::kFloat).mean().backward();
  for (const at::Tensor& parameter : blocks->parameters()) EXPECT_TRUE(parameter.grad().defined());
}

TEST(RunBlocks, WithoutGradientsNothingIsKept) {
  torch::nn::Sequential blocks{Block()};
  Recompute scope(true);
  torch::NoGradGuard guard;
  EXPECT_EQ(run_blocks(*blocks, torch::randn({2, 6, 8, 8})).grad_fn(), nullptr);
}

}  // namespace
}  // namespace espalier
