#include "espalier/nn/distillation.h"

#include <cmath>

#include <gtest/gtest.h>

#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

TEST(Distillation, IsTheScaledDivergenceWithHintonsGradient) {
  torch::manual_seed(1);
  const double T = 3;
  at::Tensor student = torch::randn({4, 5}).set_requires_grad(true), teacher = torch::randn({4, 5});
  at::Tensor loss = distillation_loss(student, teacher, T);
  at::Tensor p = at::softmax(student.detach().to(at::kDouble) / T, 1);
  at::Tensor q = at::softmax(teacher.to(at::kDouble) / T, 1);
  EXPECT_NEAR(loss.item<double>(), (T * T * (q * (q / p).log()).sum() / 4).item<double>(), 1e-6);
  loss.backward();
  // dL/dz = T (p - q) / N: of the size of the hard loss's gradient for every T.
  EXPECT_TRUE(at::allclose(student.grad().to(at::kDouble), T * (p - q) / 4, 0, 1e-6));
}

TEST(Distillation, IsZeroForTheTeacherItselfAndFiniteForCertainOnes) {
  at::Tensor certain = at::tensor({1000.0f, 0.0f, -1000.0f}).reshape({1, 3});
  EXPECT_EQ(distillation_loss(certain, certain, 1).item<double>(), 0);
  EXPECT_TRUE(std::isfinite(distillation_loss(-certain, certain, 1).item<double>()));
}

}  // namespace
}  // namespace espalier
