#include "app/print_scores.h"

#include <fmt/format.h>

namespace espalier {

void print_scores(const Scores& scores) {
  for (const Score& score : scores.items) {
    fmt::print("{:<18} {:.4f}", score.name, score.value);
    if (score.interval)
      fmt::print("   95 % {:.4f} .. {:.4f}", score.interval->low, score.interval->high);
    fmt::print("\n");
  }
}

void add_scores(const Scores& scores, nlohmann::ordered_json& json) {
  for (const Score& score : scores.items) {
    json[score.name] = score.value;
    if (score.interval)
      json[score.name + "_interval"] = {score.interval->low, score.interval->high};
  }
}

}  // namespace espalier
