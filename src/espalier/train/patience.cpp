#include "espalier/train/patience.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

namespace espalier {

bool Patience::observe(const Score& score, double min_delta) {
  double gain = best ? score.value - *best : 0;
  bool better = !best || (score.higher_is_better ? gain : -gain) > min_delta;
  if (!std::isfinite(score.value) || !better) {
    ++stale;
    return false;
  }
  best = score.value;
  stale = 0;
  return true;
}

bool Plateau::observe(
    const Score& score, double min_delta, int64_t patience, double gamma, double floor) {
  seen.observe(score, min_delta);
  if (seen.stale <= patience) return false;
  seen.stale = 0;
  double before = factor;
  factor = std::max(factor * gamma, floor);
  return factor < before;
}

nlohmann::json to_json(const Patience& patience) {
  nlohmann::json json = {{"stale", patience.stale}};
  if (patience.best) json["best"] = *patience.best;
  return json;
}

nlohmann::json to_json(const Plateau& plateau) {
  return {{"seen", to_json(plateau.seen)}, {"factor", plateau.factor}};
}

void from_json(const nlohmann::json& json, Patience& patience) {
  patience.stale = json.at("stale");
  patience.best.reset();
  if (json.contains("best")) patience.best = json.at("best").get<double>();
}

void from_json(const nlohmann::json& json, Plateau& plateau) {
  from_json(json.at("seen"), plateau.seen);
  plateau.factor = json.at("factor");
}

}  // namespace espalier
