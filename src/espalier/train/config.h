// Everything that decides how a task is trained; the same for all tasks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "espalier/core/fields.h"
#include "espalier/nn/schedule.h"

namespace espalier {

struct TrainConfig {
  int64_t epochs = 12;
  int64_t batch = 64;      // images that go through the network together
  int64_t accumulate = 1;  // such batches whose gradients make one step
  std::string optimiser = "sgd";
  double lr = 0;           // 0: the optimiser's own default
  int64_t lr_batch = 256;  // lr is meant for this batch size and scaled linearly; 0: taken as it is
  double momentum = 0.9;
  bool nesterov = true;
  double beta1 = 0.9, beta2 = 0.999, adam_eps = 1e-8;
  double weight_decay = 5e-4;
  bool decay_norms = false;
  double head_rate = 1, layer_decay = 1;  // see nn/stages.h
  std::string norms = "train";
  std::string schedule = "cosine";
  std::string warmup = "gradual";
  double warmup_epochs = 1;
  std::vector<double> milestones = {0.5, 0.75};
  double gamma = 0.1, power = 0.9, floor = 0;
  double cycle_peak = 0.3, cycle_div = 25, cycle_final_div = 1e4, cycle_momentum = 0.85;
  std::string cycle_anneal = "cos";
  bool cycle_three_phase = false;
  int64_t plateau_patience = 5;
  std::string monitor = "";  // a score's name; empty: the task's headline
  int64_t patience = 0;
  double min_delta = 0;
  double clip_norm = 0;
  int64_t skip_nonfinite = 0;
  double ema = 0;
  double swa_start = 0, swa_lr = 0.2;
  std::string precision = "auto";
  int64_t seed = 1;
  int64_t workers = 2;
  bool balance = false;
  int64_t save_steps = 0;
  bool profile = false;
  bool recompute = false;
};
Fields fields(TrainConfig& config);

// Images whose gradients make one step, which is the batch that the training loader gives.
int64_t images_a_step(const TrainConfig& config);

// The peak rate for this many images a step: lr or its default, linearly scaled.
double peak_rate(const TrainConfig& config);

Schedule make_schedule(const TrainConfig& config, int64_t steps_per_epoch);

// The momentum (adamw: beta1) of a step where the schedule moves it, else nothing.
std::optional<double> momentum_at(const TrainConfig& config,
                                  const Schedule& schedule,
                                  int64_t step);

}  // namespace espalier
