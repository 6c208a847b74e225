#include "espalier/train/gradients.h"

#include <cmath>

#include <fmt/format.h>

#include "espalier/data/parts.h"
#include "espalier/tensor/torch.h"
#include "espalier/train/finite.h"

namespace espalier {
namespace {

void add_parts(StepGradients& sum, const Losses& losses, double share) {
  for (size_t i = 0; i < losses.parts.size(); ++i) {
    const auto& [name, value] = losses.parts[i];
    if (sum.parts.size() <= i) sum.parts.emplace_back(name, 0.0);
    sum.parts[i].second += share * value.item<double>();
  }
}

}  // namespace

StepGradients find_gradients(Task& task,
                             const Batch& batch,
                             const GradientConfig& config,
                             Profile& profile) {
  StepGradients sum;
  for (const Part& part : parts_of(batch.count, config.part)) {
    bool whole = part.count == batch.count;
    double share = static_cast<double>(part.count) / batch.count;
    Losses losses;
    {
      Autocast scope(config.precision);
      losses = task.losses(whole ? batch : cut(batch, part));
    }
    double value = losses.total.item<double>();
    profile.lap(Profile::forward);
    sum.loss += share * value;
    add_parts(sum, losses, share);
    if (!std::isfinite(value)) {
      std::string broken = nonfinite_weights(task.module());
      sum.fault = fmt::format(
          "the loss is {}{}", value,
          broken.empty() ? ", though all weights are finite" : "; not finite: " + broken);
      return sum;
    }
    (whole ? losses.total : losses.total * share).backward();
    profile.lap(Profile::backward);
  }
  return sum;
}

std::string check_gradients(Optimiser& optimiser, double limit, const torch::nn::Module& module) {
  double norm = limit > 0 ? optimiser.clip_gradients(limit) : optimiser.gradient_norm();
  if (std::isfinite(norm)) return "";
  std::string broken = nonfinite_gradients(module);
  return "the gradient is not finite: " + (broken.empty() ? "its norm overflows" : broken);
}

}  // namespace espalier
