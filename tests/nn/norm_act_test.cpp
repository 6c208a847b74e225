// The norm with sum and rectifier in one step against LibTorch's operators.
#include "espalier/nn/norm_act.h"

#include <gtest/gtest.h>

#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

using torch::Tensor;
namespace nn = torch::nn;

struct Outcome {
  Tensor y, dx, dweight, dbias, daddend, running_mean, running_var, tracked;
};

Tensor rectified(const Tensor& z, Rectifier rectifier) {
  if (rectifier == Rectifier::none) return z;
  return rectifier == Rectifier::relu ? torch::relu(z) : torch::relu6(z);
}

struct Case {
  std::vector<int64_t> shape;
  Rectifier rectifier;
  bool addend, training, half;
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.shape << " rectifier " << static_cast<int>(c.rectifier) << " addend " << c.addend
             << " training " << c.training << " bf16 " << c.half;
}

struct Trial {
  explicit Trial(const Case& given) : c(given) {
    torch::manual_seed(5);
    at::ScalarType type = c.half ? at::kBFloat16 : at::kFloat;
    x = channels_last(torch::randn(c.shape) * 2 + 3).to(type);
    addend = channels_last(torch::randn(c.shape)).to(type);
    dy = channels_last(torch::randn(c.shape)).to(type);
    weight = torch::rand({c.shape[1]}) * 3 - 1;
    bias = torch::randn({c.shape[1]});
  }
  static Tensor channels_last(const Tensor& t) {
    return t.contiguous(at::MemoryFormat::ChannelsLast);
  }

  nn::BatchNorm2d made() const {
    nn::BatchNorm2d norm(nn::BatchNorm2dOptions(weight.numel()).momentum(0.3));
    torch::NoGradGuard guard;
    norm->weight.copy_(weight);
    norm->bias.copy_(bias);
    norm->running_mean.fill_(2.5);
    norm->running_var.fill_(5);
    norm->train(c.training);
    return norm;
  }

  // `exact`: operators in fp64, from the same (rounded) inputs.
  Outcome run(bool exact) const {
    nn::BatchNorm2d norm = made();
    at::ScalarType type = exact ? at::kDouble : x.scalar_type();
    if (exact) norm->to(at::kDouble);
    Tensor in = x.to(type).detach().requires_grad_();
    Tensor sum = c.addend ? addend.to(type).detach().requires_grad_() : Tensor();
    Tensor y;
    if (exact) {
      Tensor z = norm->forward(in);
      y = rectified(c.addend ? z + sum : z, c.rectifier);
    } else {
      y = norm_act(norm, in, c.rectifier, sum);
    }
    y.backward(dy.to(type));
    return {y.detach(),
            in.grad(),
            norm->weight.grad(),
            norm->bias.grad(),
            c.addend ? sum.grad() : Tensor(),
            norm->running_mean,
            norm->running_var,
            norm->num_batches_tracked};
  }

  Case c;
  Tensor x, addend, dy, weight, bias;
};

// The largest difference relative to the largest value.
double distance(const Tensor& a, const Tensor& b) {
  return ((a.to(at::kDouble) - b.to(at::kDouble)).abs().max() /
          (b.to(at::kDouble).abs().max() + 1e-3))
      .item<double>();
}

void expect_exact(const Case& c) {
  SCOPED_TRACE(testing::PrintToString(c));
  Trial trial(c);
  Outcome ours = trial.run(false), exact = trial.run(true);
  // A bf16 result is rounded once: half a unit in 8 bits. Where that rounding crosses the
  // rectifier's edges, a gradient of one value passes here and not there.
  double values = c.half ? 5e-3 : 1e-5, sums = c.half ? 2e-2 : 1e-5;
  EXPECT_LT(distance(ours.y, exact.y), values);
  EXPECT_LT(distance(ours.dweight, exact.dweight), sums);
  EXPECT_LT(distance(ours.dbias, exact.dbias), sums);
  bool crosses = c.half && c.addend && c.rectifier == Rectifier::relu6;
  auto wrong = [&](const Tensor& a, const Tensor& b) {
    Tensor off = (a.to(at::kDouble) - b).abs() > 2 * values * (b.abs().max() + 1e-3);
    return off.to(at::kDouble).mean().item<double>();
  };
  EXPECT_LE(wrong(ours.dx, exact.dx), crosses ? 1e-2 : 0);
  if (c.addend) {
    EXPECT_LE(wrong(ours.daddend, exact.daddend), crosses ? 1e-2 : 0);
  }
  EXPECT_LT(distance(ours.running_mean, exact.running_mean), 1e-5);
  EXPECT_LT(distance(ours.running_var, exact.running_var), 1e-5);
  EXPECT_EQ(ours.tracked.item<int64_t>(), exact.tracked.item<int64_t>());
  EXPECT_TRUE(ours.y.is_contiguous(at::MemoryFormat::ChannelsLast));
  EXPECT_EQ(ours.y.scalar_type(), trial.x.scalar_type());
}

std::vector<Case> all_cases() {
  // Wide, narrow (rows are folded), odd and not foldable, several slabs, a single pixel.
  std::vector<std::vector<int64_t>> shapes = {{2, 64, 5, 5},   {4, 24, 6, 6},  {3, 13, 5, 3},
                                              {2, 96, 40, 40}, {5, 130, 1, 1}, {8, 16, 64, 32}};
  std::vector<Case> cases;
  for (size_t i = 0; i < shapes.size(); ++i)
    for (Rectifier rectifier : {Rectifier::none, Rectifier::relu, Rectifier::relu6})
      for (int bits = 0; bits < 8; ++bits)
        cases.push_back({shapes[i], rectifier, (bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0});
  return cases;
}

TEST(NormAct, EqualsTheOperatorsInDoublePrecision) {
  for (const Case& c : all_cases()) expect_exact(c);
}

Tensor sample(std::vector<int64_t> shape) {
  torch::manual_seed(3);
  return torch::randn(shape).contiguous(at::MemoryFormat::ChannelsLast);
}

TEST(NormActStatistics, AreExactFarFromZeroAndBehindAnOutlier) {
  Tensor x = sample({8, 32, 32, 32}) * 0.01 + 1000;
  x[0][0][0][0] = 0;  // where the sums start
  nn::BatchNorm2d norm(32);
  norm_act(norm, x, Rectifier::relu);
  Tensor exact = x.to(at::kDouble).var({0, 2, 3}, /*unbiased=*/true) * 0.1 + 0.9;
  EXPECT_LT(((norm->running_var - exact).abs() / exact).max().item<double>(), 1e-5);
}

TEST(NormActStatistics, SameBitsWithAnyNumberOfThreads) {
  int before = at::get_num_threads();
  std::vector<Tensor> results;
  for (int threads : {1, 2, 3}) {
    at::set_num_threads(threads);
    nn::BatchNorm2d norm(24);
    Tensor x = sample({6, 24, 64, 64}).requires_grad_();
    Tensor y = norm_act(norm, x, Rectifier::relu);
    (y * y).sum().backward();
    results.push_back(torch::cat({y.flatten(), x.grad().flatten(), norm->weight.grad()}).detach());
  }
  at::set_num_threads(before);
  EXPECT_TRUE(torch::equal(results[0], results[1]));
  EXPECT_TRUE(torch::equal(results[0], results[2]));
}

TEST(NormActBackward, CanBeDifferentiatedItself) {
  for (bool training : {true, false}) {
    auto second = [&](at::ScalarType type) {
      nn::BatchNorm2d norm(16);
      norm->to(type);
      norm->train(training);
      Tensor x = sample({2, 16, 4, 4}).to(type).requires_grad_();
      Tensor sum = sample({2, 16, 4, 4}).to(type).flip(0).requires_grad_();
      Tensor y = norm_act(norm, x, Rectifier::relu, sum);
      Tensor dx = torch::autograd::grad({y.pow(3).sum()}, {x}, {}, true, true)[0];
      auto found = torch::autograd::grad({dx.square().sum()}, {x, norm->weight, sum});
      return torch::cat({found[0].flatten(), found[1], found[2].flatten()});
    };
    EXPECT_LT(distance(second(at::kFloat), second(at::kDouble)), 1e-4);
  }
}

TEST(NormActBackward, SparesWhatNeedsNoGradient) {
  nn::BatchNorm2d norm(16);
  norm->eval();
  for (Tensor& parameter : norm->parameters()) parameter.set_requires_grad(false);
  Tensor x = sample({2, 16, 4, 4}).requires_grad_();
  norm_act(norm, x, Rectifier::relu).sum().backward();
  Tensor expected = (x > 0).to(at::kFloat) / std::sqrt(1 + 1e-5);
  EXPECT_LT(distance(x.grad(), expected), 1e-6);
  EXPECT_FALSE(norm->weight.grad().defined());
}

TEST(NormActFallback, LayoutsAndTypesThatHaveNoKernelGiveTheSame) {
  nn::BatchNorm2d norm(4), twin(4);
  Tensor x = torch::randn({3, 4, 5, 2});
  EXPECT_TRUE(torch::equal(norm_act(norm, x, Rectifier::relu6), torch::relu6(twin->forward(x))));
  EXPECT_TRUE(torch::equal(norm->running_var, twin->running_var));
}

TEST(NormActFallback, NaNsPassTheRectifier) {
  nn::BatchNorm2d norm(16);
  norm->eval();
  Tensor x = sample({2, 16, 4, 4});
  x[1][3][2][2] = std::numeric_limits<float>::quiet_NaN();
  for (Rectifier rectifier : {Rectifier::relu, Rectifier::relu6})
    EXPECT_EQ(at::isnan(norm_act(norm, x, rectifier)).sum().item<int64_t>(), 1);
  EXPECT_EQ(at::isnan(norm_act(norm, x.to(at::kBFloat16), Rectifier::relu)).sum().item<int64_t>(),
            1);
}

}  // namespace
}  // namespace espalier
