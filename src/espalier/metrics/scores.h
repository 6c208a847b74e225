// Named numbers with a direction and, where it means something, a confidence interval.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace espalier {

struct Interval {
  double low = 0, high = 0;  // 95 % unless the score's help says otherwise
};

struct Score {
  std::string name;  // "accuracy"
  double value = 0;
  bool higher_is_better = true;
  std::optional<Interval> interval;
  std::string help;  // one sentence: what it is, its unit and range
};

struct Scores {
  std::vector<Score> items;  // the first is the headline: it picks the best checkpoint

  const Score& headline() const;                   // throws Error(internal) when empty
  const Score& at(const std::string& name) const;  // throws Error(usage) naming the nearest
};

// {"accuracy": {"value": 0.93, "low": 0.925, "high": 0.935, "higher_is_better": true}, ...}, in
// order.
nlohmann::ordered_json to_json(const Scores& scores);
// The reverse; throws Error(format) naming the score that is not of that form.
Scores scores_from_json(const nlohmann::ordered_json& json);

}  // namespace espalier
