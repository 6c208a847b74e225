#include "espalier/train/optimiser.h"

#include <set>

#include <gtest/gtest.h>

#include "espalier/tensor/torch.h"
#include "espalier/train/ema.h"

namespace espalier {
namespace {

struct Net : torch::nn::Module {
  // Without bias: before a norm its gradient is rounding noise, which Adam would blow up.
  torch::nn::Conv2d conv{torch::nn::Conv2dOptions(3, 8, 3).bias(false)};
  torch::nn::BatchNorm2d norm{8};
  torch::nn::Linear linear{8, 4};
  torch::nn::Linear idle{2, 2};  // never gets a gradient
  Net() {
    register_module("conv", conv);
    register_module("norm", norm);
    register_module("linear", linear);
    register_module("idle", idle);
  }
  at::Tensor loss(const at::Tensor& x) {
    return linear(norm(conv(x)).mean({2, 3})).square().mean();
  }
};

std::shared_ptr<Net> make_net() {
  torch::manual_seed(3);
  return std::make_shared<Net>();
}

at::Tensor input(int64_t step) {
  torch::manual_seed(100 + step);
  return torch::randn({4, 3, 6, 6});
}

// Parameters of two or more dimensions and the rest, in torch::optim's form. (A group's option that equals its class's
// default is taken from the optimiser's defaults, so SGD's defaults below must not decay.)
template <class Options>
std::vector<torch::optim::OptimizerParamGroup> groups(Net& net, Options options) {
  std::vector<at::Tensor> weights, others;
  for (at::Tensor& p : net.parameters()) (p.dim() >= 2 ? weights : others).push_back(p);
  auto plain = std::make_unique<Options>(options);
  plain->weight_decay(0);
  std::vector<torch::optim::OptimizerParamGroup> result;
  result.emplace_back(weights, std::make_unique<Options>(options));
  result.emplace_back(others, std::move(plain));
  return result;
}

template <class Theirs>
void expect_equal_paths(const TrainConfig& config, Net& ours, Net& reference, Theirs& theirs) {
  Optimiser optimiser(ours, config);
  for (int64_t step = 0; step < 5; ++step) {
    optimiser.zero_grad();
    ours.loss(input(step)).backward();
    optimiser.step(0.05);
    theirs.zero_grad();
    reference.loss(input(step)).backward();
    theirs.step();
  }
  for (auto& item : reference.named_parameters())
    EXPECT_TRUE(at::allclose(ours.named_parameters()[item.key()], item.value(), 1e-5, 1e-6))
        << item.key();
}

TEST(Optimiser, SgdEqualsLibTorchsWithoutDecayOnNormsAndBiases) {
  auto ours = make_net(), reference = make_net();
  auto options = torch::optim::SGDOptions(0.05).momentum(0.9).nesterov(true).weight_decay(0.1);
  torch::optim::SGD theirs(groups(*reference, options),
                           torch::optim::SGDOptions(options).weight_decay(0));
  expect_equal_paths({.momentum = 0.9, .nesterov = true, .weight_decay = 0.1}, *ours, *reference,
                     theirs);
}

TEST(Optimiser, AdamwEqualsLibTorchs) {
  auto ours = make_net(), reference = make_net();
  auto options = torch::optim::AdamWOptions(0.05).weight_decay(0.1).eps(1e-8);
  torch::optim::AdamW theirs(groups(*reference, options), options);
  expect_equal_paths({.optimiser = "adamw", .weight_decay = 0.1}, *ours, *reference, theirs);
}

TEST(Optimiser, ChannelsLastWeightsTakeTheSamePath) {
  auto ours = make_net(), reference = make_net();
  ours->conv->weight.set_data(ours->conv->weight.contiguous(at::MemoryFormat::ChannelsLast));
  auto options = torch::optim::SGDOptions(0.05).momentum(0.9).nesterov(true).weight_decay(5e-4);
  torch::optim::SGD theirs(groups(*reference, options),
                           torch::optim::SGDOptions(options).weight_decay(0));
  expect_equal_paths({}, *ours, *reference, theirs);
}

// The head at twice the rate, the convolution at a quarter of it, the norm at half of it.
const std::vector<StageRate> kRates = {{"linear", 2, {"linear.weight", "linear.bias"}},
                                       {"norm", 0.5, {"norm.weight", "norm.bias"}},
                                       {"conv", 0.25, {"conv.weight"}}};

TEST(Optimiser, StagesLearnAtTheirOwnRates) {
  for (bool adam : {false, true}) {
    auto ours = make_net(), reference = make_net();
    TrainConfig config{.optimiser = adam ? "adamw" : "sgd", .weight_decay = 0.1};
    std::vector<std::unique_ptr<torch::optim::Optimizer>> theirs;
    auto add = [&](std::vector<at::Tensor> tensors, double factor, double decay) {
      if (adam)
        theirs.push_back(std::make_unique<torch::optim::AdamW>(
            tensors,
            torch::optim::AdamWOptions(0.05 * factor).weight_decay(decay).eps(config.adam_eps)));
      else
        theirs.push_back(
            std::make_unique<torch::optim::SGD>(tensors, torch::optim::SGDOptions(0.05 * factor)
                                                             .momentum(config.momentum)
                                                             .nesterov(true)
                                                             .weight_decay(decay)));
    };
    add({reference->linear->weight}, 2, 0.1);
    add({reference->linear->bias}, 2, 0);
    add(reference->norm->parameters(), 0.5, 0);
    add({reference->conv->weight}, 0.25, 0.1);
    Optimiser optimiser(*ours, config, kRates);
    for (int64_t step = 0; step < 5; ++step) {
      optimiser.zero_grad();
      ours->loss(input(step)).backward();
      optimiser.step(0.05);
      for (auto& one : theirs) one->zero_grad();
      reference->loss(input(step)).backward();
      for (auto& one : theirs) one->step();
    }
    for (auto& item : reference->named_parameters())
      EXPECT_TRUE(at::allclose(ours->named_parameters()[item.key()], item.value(), 1e-5, 1e-6))
          << item.key();
  }
}

TEST(Optimiser, StateHasTheSameNamesWhateverTheRates) {
  auto net = make_net();
  auto names = [&](const std::vector<StageRate>& rates) {
    std::set<std::string> all;
    for (const auto& [name, tensor] : Optimiser(*net, {.optimiser = "adamw"}, rates).state())
      all.insert(name);
    return all;
  };
  EXPECT_EQ(names(kRates), names({}));
  EXPECT_EQ(names({}).size(), 3 * net->parameters().size());
}

TEST(Optimiser, ParametersWithoutGradientStay) {
  auto net = make_net();
  at::Tensor before = net->idle->weight.detach().clone();
  Optimiser optimiser(*net, {.weight_decay = 0.5});
  net->loss(input(0)).backward();
  optimiser.step(0.1);
  EXPECT_TRUE(at::equal(net->idle->weight, before));
}

TEST(Optimiser, ClippingScalesTheWholeGradientToTheLimit) {
  auto net = make_net();
  Optimiser optimiser(*net, {});
  (net->loss(input(0)) * 100).backward();
  double before = optimiser.clip_gradients(0.5);
  EXPECT_GT(before, 0.5);
  double sum = 0;
  for (at::Tensor& p : net->parameters())
    if (p.grad().defined()) sum += p.grad().square().sum().item<double>();
  EXPECT_NEAR(std::sqrt(sum), 0.5, 1e-4);
  EXPECT_NEAR(optimiser.clip_gradients(10), 0.5, 1e-4);  // below the limit nothing moves
}

TEST(Ema, FollowsItsFormulaAndSwapsBack) {
  auto net = make_net();
  Ema ema(*net, 0.9);
  at::Tensor start = net->linear->weight.detach().clone();
  {
    torch::NoGradGuard guard;
    net->linear->weight.add_(1);
  }
  ema.update(1000);  // far beyond the warm-up of the decay
  at::Tensor live = net->linear->weight.detach().clone();
  {
    Ema::Swap averaged(&ema);
    EXPECT_TRUE(at::allclose(net->linear->weight, start + 0.1, 0, 1e-6));
  }
  EXPECT_TRUE(at::equal(net->linear->weight, live));
  ema.update(0);  // decay 1/10 at the first step
  Ema::Swap averaged(&ema);
  EXPECT_TRUE(at::allclose(net->linear->weight, (start + 0.1) * 0.1 + live * 0.9, 0, 1e-6));
}

}  // namespace
}  // namespace espalier
