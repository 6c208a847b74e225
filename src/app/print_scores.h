// Scores as the verbs print them.
#pragma once

#include <nlohmann/json.hpp>

#include "espalier/metrics/scores.h"

namespace espalier {

// A line each: name, value, 95 % interval.
void print_scores(const Scores& scores);

// {"accuracy": 0.93, "accuracy_interval": [0.925, 0.935], ...} into `json`.
void add_scores(const Scores& scores, nlohmann::ordered_json& json);

}  // namespace espalier
