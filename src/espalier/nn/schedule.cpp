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

// Where a step of one cycle stands: a share of the way from one height to another, heights being 1
// at the peak, 0 at the start, -1 at the end.
struct CyclePlace {
  int from, to;
  double share;
};

CyclePlace cycle_place(const Schedule& schedule, int64_t step) {
  double last = static_cast<double>(schedule.total_steps) - 1;
  double up = schedule.cycle.peak_at * static_cast<double>(schedule.total_steps) - 1;
  std::vector<double> ends = {up};
  if (schedule.cycle.three_phase) ends.push_back(2 * up);
  ends.push_back(last);
  const int heights[] = {0, 1, schedule.cycle.three_phase ? 0 : -1, -1};
  double begin = 0;
  size_t phase = 0;
  while (phase + 1 < ends.size() && static_cast<double>(step) > ends[phase]) begin = ends[phase++];
  double length = ends[phase] - begin;
  double share = length > 0 ? (static_cast<double>(step) - begin) / length : 1;
  return {heights[phase], heights[phase + 1], std::clamp(share, 0.0, 1.0)};
}

double annealed(const OneCycle& cycle, double from, double to, double share) {
  if (cycle.anneal == "linear") return from + (to - from) * share;
  if (cycle.anneal == "cos") return to + (from - to) / 2 * (1 + std::cos(std::numbers::pi * share));
  throw Error(Kind::usage, unknown_name("annealing", cycle.anneal, {"cos", "linear"}));
}

double one_cycle_factor(const Schedule& schedule, int64_t step) {
  const OneCycle& cycle = schedule.cycle;
  auto factor = [&](int height) {
    return height == 1 ? 1 : height == 0 ? cycle.start : cycle.start * cycle.end;
  };
  CyclePlace place = cycle_place(schedule, step);
  return annealed(cycle, factor(place.from), factor(place.to), place.share);
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
                                                  "linear",   "one_cycle", "plateau"};
  return shapes;
}

double one_cycle_momentum(const Schedule& schedule, int64_t step, double low, double high) {
  CyclePlace place = cycle_place(schedule, step);
  auto momentum = [&](int height) { return height == 1 ? low : high; };
  return annealed(schedule.cycle, momentum(place.from), momentum(place.to), place.share);
}

double schedule_factor(const Schedule& schedule, int64_t step) {
  if (schedule.shape == "one_cycle") return one_cycle_factor(schedule, step);
  bool warming = schedule.warmup != "none" && step < schedule.warmup_steps;
  if (warming) return warmup_factor(schedule, step);
  if (schedule.shape == "constant" || schedule.shape == "plateau") return 1;
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
