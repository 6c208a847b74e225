// What a run does when its score stops getting better: wait, lower the learning rate, stop.
//
//   Patience patience;
//   if (!patience.observe(score, /*min_delta=*/0.001) && patience.stale >= 10) stop();
#pragma once

#include <optional>

#include <nlohmann/json_fwd.hpp>

#include "espalier/metrics/scores.h"

namespace espalier {

// Epochs since the score last got better by more than min_delta.
struct Patience {
  std::optional<double> best;  // none before the first finite score
  int64_t stale = 0;

  // Takes the score of one more epoch; true when it is an improvement. NaN never is.
  bool observe(const Score& score, double min_delta);
};

// Lowers the rate by `gamma` when more than `patience` epochs in a row brought no improvement, and
// then waits anew; never below `floor` (torch.optim.lr_scheduler.ReduceLROnPlateau with
// threshold_mode="abs", no cooldown).
struct Plateau {
  Patience seen;
  double factor = 1;  // on the peak rate

  // True when the factor fell.
  bool observe(const Score& score, double min_delta, int64_t patience, double gamma, double floor);
};

nlohmann::json to_json(const Patience& patience);
nlohmann::json to_json(const Plateau& plateau);
void from_json(const nlohmann::json& json, Patience& patience);
void from_json(const nlohmann::json& json, Plateau& plateau);

}  // namespace espalier
