#include "espalier/metrics/scores.h"

#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/core/names.h"

namespace espalier {

const Score& Scores::headline() const {
  if (items.empty()) fail(Kind::internal, "a task gave no scores");
  return items.front();
}

const Score& Scores::at(const std::string& name) const {
  return find_named(items, name, "score");
}

nlohmann::ordered_json to_json(const Scores& scores) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const Score& score : scores.items) {
    nlohmann::ordered_json& entry = json[score.name];
    entry["value"] = score.value;
    if (score.interval) {
      entry["low"] = score.interval->low;
      entry["high"] = score.interval->high;
    }
    entry["higher_is_better"] = score.higher_is_better;
    entry["help"] = score.help;
  }
  return json;
}

Scores scores_from_json(const nlohmann::ordered_json& json) {
  Scores scores;
  for (const auto& [name, entry] : json.items()) {
    try {
      Score score{.name = name, .value = entry.at("value"), .interval = {}, .help = {}};
      score.higher_is_better = entry.at("higher_is_better");
      score.help = entry.at("help");
      if (entry.contains("low")) score.interval = Interval{entry.at("low"), entry.at("high")};
      scores.items.push_back(std::move(score));
    } catch (const nlohmann::json::exception&) {
      fail(Kind::format, "the score '{}' lacks value, higher_is_better or help", name);
    }
  }
  return scores;
}

}  // namespace espalier
