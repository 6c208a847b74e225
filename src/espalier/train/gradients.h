// The gradients of one step: forward and backward over a batch, in parts where it is too large for
// memory, with everything that is not finite found and named.
//
//   StepGradients found = find_gradients(task, batch, {.part = 16}, profile);
//   if (found.fault.empty()) found.fault = check_gradients(optimiser, clip_norm, task.module());
//   if (found.fault.empty()) optimiser.step(rate);
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "espalier/tasks/task.h"
#include "espalier/tensor/precision.h"
#include "espalier/train/optimiser.h"
#include "espalier/train/profile.h"

namespace espalier {

struct StepGradients {
  double loss = 0;                                    // mean over the images
  std::vector<std::pair<std::string, double>> parts;  // as Losses::parts, means too
  std::string fault;                                  // what is not finite; empty when all is well
};

struct GradientConfig {
  int64_t part = 1 << 20;  // images that go through the network together
  Precision precision = Precision::fp32;
};

// Adds the gradient of the mean loss over `batch` to the parameters'. Stops at a part whose loss is
// not finite.
StepGradients find_gradients(Task& task,
                             const Batch& batch,
                             const GradientConfig& config,
                             Profile& profile);

// Scales the gradients to a joint norm of at most `limit` (0: leaves them). Returns what is not
// finite, or nothing.
std::string check_gradients(Optimiser& optimiser, double limit, const torch::nn::Module& module);

}  // namespace espalier
