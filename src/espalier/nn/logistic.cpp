#include "espalier/nn/logistic.h"

#include "espalier/core/error.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

constexpr int64_t kMostSteps = 1000;
constexpr double kSlope = 1e-7, kChange = 1e-12;

}  // namespace

LogisticModel fit_logistic(const at::Tensor& features,
                           const at::Tensor& labels,
                           int64_t classes,
                           double l2,
                           const LogisticModel* start) {
  torch::NoGradGuard guard;
  if (features.dim() != 2 || features.size(0) < 1 || labels.numel() != features.size(0))
    fail(Kind::internal, "logistic regression: features and labels do not fit");
  if (!(l2 > 0)) fail(Kind::usage, "logistic regression: the penalty is {}, not above 0", l2);
  const at::Tensor x = features.to(at::kDouble), truth = at::one_hot(labels, classes).to(x);
  const int64_t count = x.size(0), width = x.size(1);

  // One row a feature, the biases below them.
  at::Tensor all = start ? at::cat({start->weight.t(), start->bias.unsqueeze(0)})
                         : at::zeros({width + 1, classes}, at::kDouble);
  at::Tensor gradient = at::zeros_like(all), weight = all.slice(0, 0, width), bias = all[width];
  all.mutable_grad() = gradient;
  auto closure = [&] {
    torch::NoGradGuard inner;
    at::Tensor log_share = at::log_softmax(at::addmm(bias, x, weight), 1);
    at::Tensor error = (log_share.exp() - truth) / static_cast<double>(count);
    gradient.slice(0, 0, width).copy_(at::addmm(weight, x.t(), error, l2));
    gradient[width].copy_(error.sum(0));
    return -(log_share * truth).sum() / static_cast<double>(count) + l2 / 2 * weight.square().sum();
  };
  torch::optim::LBFGS solver(std::vector<at::Tensor>{all}, torch::optim::LBFGSOptions(1)
                                                               .max_iter(kMostSteps)
                                                               .max_eval(2 * kMostSteps)
                                                               .tolerance_grad(kSlope)
                                                               .tolerance_change(kChange)
                                                               .history_size(20)
                                                               .line_search_fn("strong_wolfe"));
  solver.step(closure);
  double loss = closure().item<double>();
  return {weight.t().contiguous(), bias.clone(), loss, gradient.abs().max().item<double>()};
}

}  // namespace espalier
