#include "espalier/report/read_pruning.h"

#include <cmath>
#include <functional>

#include <fmt/format.h>

namespace espalier {
namespace {

using Json = JsonReader::Json;

constexpr size_t kMostLayers = 2000, kMostCandidates = 100000, kMostPairs = 1000;

void each(const JsonReader& record,
          const std::string& key,
          size_t most,
          const std::function<void(const JsonReader&)>& take) {
  const Json* list = record.array(key);
  if (list == nullptr) return;
  for (size_t i = 0; i < std::min(list->size(), most); ++i)
    take(record.inside((*list)[i], fmt::format("{}[{}]", key, i)));
}

// A list of exactly two finite numbers.
std::optional<std::pair<double, double>> pair_of(const Json& json) {
  if (!json.is_array() || json.size() != 2 || !json[0].is_number() || !json[1].is_number())
    return std::nullopt;
  return std::pair{json[0].get<double>(), json[1].get<double>()};
}

std::optional<Interval> interval(const JsonReader& record, const std::string& key) {
  const Json* list = record.array(key);
  if (list == nullptr) return std::nullopt;
  const auto ends = pair_of(*list);
  if (!ends) record.complain(key + " is no pair of numbers");
  return ends ? std::optional(Interval{ends->first, ends->second}) : std::nullopt;
}

}  // namespace

PruningFacts read_pruning(const JsonReader& record) {
  PruningFacts facts;
  facts.run = record.text("run");
  facts.budget = record.text("budget");
  facts.method = record.text("method");
  facts.scope = record.text("scope");
  facts.then = record.text("then");
  facts.seconds = record.number("seconds");
  facts.search_seconds = record.number("search_seconds");
  for (const char* name :
       {"macs", "parameters", "activations", "traffic", "bytes", "latency_ms", "accuracy"}) {
    const auto before = record.number(name + std::string("_before")), after = record.number(name);
    if (before && after) facts.figures.push_back({name, *before, *after});
  }
  facts.accuracy_before = interval(record, "accuracy_interval_before");
  facts.accuracy_after = interval(record, "accuracy_interval");
  each(record, "widths", kMostLayers, [&](const JsonReader& one) {
    const auto before = one.number("before"), after = one.number("after");
    if (before && after && *before > 0 && *after >= 0)
      facts.layers.push_back({one.text("layer"), *before, *after});
  });
  each(record, "latencies", kMostPairs, [&](const JsonReader& one) {
    const auto batch = one.number("batch"), threads = one.number("threads"),
               before = one.number("before_ms"), after = one.number("after_ms");
    if (batch && threads && before && after)
      facts.timings.push_back({*batch, *threads, *before, *after});
  });
  each(record, "searched", kMostCandidates, [&](const JsonReader& one) {
    const auto macs = one.number("macs"), score = one.number("score");
    if (macs && score) facts.searched.push_back({*macs, *score});
  });
  if (const Json* list = record.array("timed_model"))
    for (size_t i = 0; i < std::min(list->size(), kMostPairs); ++i)
      if (const auto pair = pair_of((*list)[i])) facts.timed_model.push_back(*pair);
  return facts;
}

}  // namespace espalier
