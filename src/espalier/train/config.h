// Everything that decides how a task is trained; the same for all tasks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "espalier/core/fields.h"
#include "espalier/nn/schedule.h"

namespace espalier {

struct TrainConfig {
  int64_t epochs = 12;
  int64_t batch = 64;
  std::string optimiser = "sgd";
  double lr = 0;           // 0: the optimiser's own default
  int64_t lr_batch = 256;  // lr is meant for this batch size and scaled linearly; 0: taken as it is
  double momentum = 0.9;
  bool nesterov = true;
  double beta1 = 0.9, beta2 = 0.999, adam_eps = 1e-8;
  double weight_decay = 5e-4;
  bool decay_norms = false;
  std::string schedule = "cosine";
  std::string warmup = "gradual";
  double warmup_epochs = 1;
  std::vector<double> milestones = {0.5, 0.75};
  double gamma = 0.1, power = 0.9, floor = 0;
  double clip_norm = 0;
  double ema = 0;
  std::string precision = "auto";
  int64_t seed = 1;
  int64_t workers = 2;
  int64_t save_steps = 0;
};
Fields fields(TrainConfig& config);

// The peak rate for this batch size: lr or its default, linearly scaled.
double peak_rate(const TrainConfig& config);

Schedule make_schedule(const TrainConfig& config, int64_t steps_per_epoch);

}  // namespace espalier
