#include "espalier/nn/logistic.h"

#include <gtest/gtest.h>

#include "espalier/tensor/torch.h"

#include "tests/expect_error.h"

namespace espalier {
namespace {

struct Problem {
  at::Tensor x, y;
};

// Three clouds that overlap, in five dimensions.
Problem make_problem(int64_t count) {
  torch::manual_seed(8);
  at::Tensor y = at::arange(count, at::kLong) % 3;
  return {at::randn({count, 5}, at::kDouble) + at::one_hot(y, 5).to(at::kDouble), y};
}

double loss_of(const Problem& p, const at::Tensor& weight, const at::Tensor& bias, double l2) {
  return at::cross_entropy_loss(at::linear(p.x, weight, bias), p.y).item<double>() +
         l2 / 2 * weight.square().sum().item<double>();
}

TEST(Logistic, TheAnswerIsAMinimumWhereverItBegan) {
  Problem p = make_problem(120);
  LogisticModel model = fit_logistic(p.x, p.y, 3, 0.01);
  EXPECT_LT(model.slope, 1e-6);
  EXPECT_NEAR(model.loss, loss_of(p, model.weight, model.bias, 0.01), 1e-12);
  // Autograd agrees that it is flat there.
  at::Tensor w = model.weight.clone().requires_grad_(), b = model.bias.clone().requires_grad_();
  (at::cross_entropy_loss(at::linear(p.x, w, b), p.y) + 0.005 * w.square().sum()).backward();
  EXPECT_LT(w.grad().abs().max().item<double>(), 2e-6);
  EXPECT_LT(b.grad().abs().max().item<double>(), 2e-6);
  for (int i = 0; i < 20; ++i)
    EXPECT_GT(loss_of(p, model.weight + 0.01 * at::randn_like(model.weight),
                      model.bias + 0.01 * at::randn_like(model.bias), 0.01),
              model.loss);

  LogisticModel far{.weight = at::randn({3, 5}, at::kDouble), .bias = at::zeros({3}, at::kDouble)};
  LogisticModel again = fit_logistic(p.x, p.y, 3, 0.01, &far);
  EXPECT_TRUE(at::allclose(again.weight, model.weight, 0, 1e-4));
  EXPECT_TRUE(at::allclose(again.bias, model.bias, 0, 1e-4));
}

// Two classes that a line parts: without a penalty the weights would grow for ever.
TEST(Logistic, ThePenaltyBoundsTheWeightsOfClassesThatCanBeParted) {
  at::Tensor x = at::tensor({-2.0, -1.0, 1.0, 2.0}, at::kDouble).unsqueeze(1);
  at::Tensor y = at::tensor({0, 0, 1, 1}, at::kLong);
  double before = 0;
  for (double l2 : {1.0, 0.1, 0.01, 0.001}) {
    LogisticModel model = fit_logistic(x, y, 2, l2);
    double norm = model.weight.norm().item<double>();
    EXPECT_GT(norm, before) << l2;
    EXPECT_TRUE(at::equal(at::linear(x, model.weight, model.bias).argmax(1), y));
    before = norm;
  }
  EXPECT_LT(before, 20);
}

TEST(Logistic, RefusesWhatHasNoAnswer) {
  Problem p = make_problem(6);
  expect_error([&] { fit_logistic(p.x, p.y, 3, 0); }, Kind::usage, "penalty");
  expect_error([&] { fit_logistic(p.x, p.y.slice(0, 1), 3, 1); }, Kind::internal, "do not fit");
}

}  // namespace
}  // namespace espalier
