// Learning-rate schedules as pure functions of the step: no state, so a resumed run cannot forget
// where it was, and a changed batch size changes the number of warm-up steps and not their length
// in epochs.
//
//   Schedule s{.shape = "cosine", .total_steps = 4680, .warmup_steps = 1560};
//   double lr = peak * schedule_factor(s, step);
//
// Sources: warm-ups, Goyal et al. 2017 §2; cosine, Loshchilov and Hutter 2016 (one cycle);
// poly, Liu et al. 2015 (ParseNet); one_cycle, Smith and Topin 2017 as
// torch.optim.lr_scheduler.OneCycleLR computes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace espalier {

// The rate climbs from start to 1, falls back (to start first in the three-phase form) and ends at
// start * end.
struct OneCycle {
  double peak_at = 0.3;        // share of the run that climbs
  double start = 1.0 / 25;     // factor at step 0
  double end = 1e-4;           // of the factor at step 0
  std::string anneal = "cos";  // or linear
  bool three_phase = false;    // up, down as long, then the rest to the end
};

struct Schedule {
  // constant, multistep, cosine, poly, linear, one_cycle, plateau (constant here: what lowers it is
  // train/patience.h)
  std::string shape = "cosine";
  int64_t total_steps = 1;
  std::string warmup = "gradual";  // none, constant, gradual
  int64_t warmup_steps = 0;
  double warmup_start = 0.1;  // factor during constant, and at step 0 of gradual, warm-up
  std::vector<double> milestones = {0.5, 0.75};  // multistep: shares of total_steps
  double gamma = 0.1;                            // multistep: factor at each milestone
  double power = 0.9;                            // poly: (1 - t)^power
  double floor = 0;  // cosine, poly, linear end here, as a share of the peak
  OneCycle cycle = {};
};

// The factor on the peak rate at `step` (0 .. total_steps - 1), 0 <= factor <= 1. Decaying shapes
// run over the steps after warm-up, from 1 at its end to `floor` at total_steps; multistep counts
// its shares from step 0, and one_cycle has its own climb in the place of a warm-up. Throws
// Error(usage) for an unknown word.
double schedule_factor(const Schedule& schedule, int64_t step);

// The momentum that goes with one_cycle at `step`: `low` where the rate peaks, `high` where it is
// lowest.
double one_cycle_momentum(const Schedule& schedule, int64_t step, double low, double high);

const std::vector<std::string>& schedule_shapes();

}  // namespace espalier
