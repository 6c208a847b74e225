#include "espalier/nn/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "espalier/core/names.h"

namespace espalier {
namespace {

double warmup_factor(const Schedule& schedule, int64_t step) {
  if (schedule.warmup == "constant") return schedule.warmup_start;
  if (schedule.warmup == "gradual") {
    double share = static_cast<double>(step) / static_cast<double>(schedule.warmup_steps);
    return schedule.warmup_start + (1 - schedule.warmup_start) * share;
  }
  throw Error(Kind::usage,
              unknown_name("warm-up", schedule.warmup, {"none", "constant", "gradual"}));
}

double multistep_factor(const Schedule& schedule, int64_t step) {
  double share = static_cast<double>(step) / static_cast<double>(schedule.total_steps);
  auto passed = std::count_if(schedule.milestones.begin(), schedule.milestones.end(),
                              [share](double milestone) { return share >= milestone; });
  return std::pow(schedule.gamma, static_cast<double>(passed));
}

}  // namespace

const std::vector<std::string>& schedule_shapes() {
  static const std::vector<std::string> shapes = {"constant", "multistep", "cosine", "poly",
                                                  "linear"};
  return shapes;
}

double schedule_factor(const Schedule& schedule, int64_t step) {
  bool warming = schedule.warmup != "none" && step < schedule.warmup_steps;
  if (warming) return warmup_factor(schedule, step);
  if (schedule.shape == "constant") return 1;
  if (schedule.shape == "multistep") return multistep_factor(schedule, step);

  int64_t begin = schedule.warmup == "none" ? 0 : schedule.warmup_steps;
  int64_t length = std::max<int64_t>(1, schedule.total_steps - begin);
  double t = std::clamp(static_cast<double>(step - begin) / static_cast<double>(length), 0.0, 1.0);
  double left = 0;
  if (schedule.shape == "cosine")
    left = 0.5 * (1 + std::cos(std::numbers::pi * t));
  else if (schedule.shape == "poly")
    left = std::pow(1 - t, schedule.power);
  else if (schedule.shape == "linear")
    left = 1 - t;
  else
    throw Error(Kind::usage, unknown_name("schedule", schedule.shape, schedule_shapes()));
  return schedule.floor + (1 - schedule.floor) * left;
}

}  // namespace espalier
