// Multinomial logistic regression: a linear classifier on features, fitted to the end. The problem is
// convex, so that the answer depends on data and penalty alone.
//
//   LogisticModel model = fit_logistic(features, labels, /*classes=*/40, /*l2=*/0.01);
//   at::Tensor logits = at::linear(features, model.weight, model.bias);
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace espalier {

struct LogisticModel {
  at::Tensor weight, bias;  // classes x features, classes; doubles
  double loss = 0;          // what was minimised
  double slope = 0;         // the largest entry of its gradient
};

// Minimises  1/N sum_i cross_entropy(W x_i + b, y_i) + l2/2 |W|^2  by L-BFGS with a strong Wolfe
// line search, in doubles, from `start` or from zero. features: N x D of mean 0 and deviation about 1
// (else it takes many more steps); labels: N whole numbers in 0..classes-1; l2 > 0. The bias is not
// penalised; of the solutions that differ by the same number on all biases, the one whose biases add
// to that of `start`. In scikit-learn's terms l2 = 1 / (C N).
LogisticModel fit_logistic(const at::Tensor& features,
                           const at::Tensor& labels,
                           int64_t classes,
                           double l2,
                           const LogisticModel* start = nullptr);

}  // namespace espalier
