#include "espalier/prune/latency_limit.h"

#include <cmath>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/core/progress.h"
#include "espalier/prune/surgery.h"

namespace espalier {
namespace {

constexpr double kLargestError = 0.1;
constexpr int kTries = 4;
constexpr double kCloseEnough = 0.95, kAim = 0.98;  // shares of the limit

nlohmann::ordered_json parse_table(const fs::path& table) {
  try {
    return nlohmann::ordered_json::parse(read_file(table, 1 << 28));
  } catch (const nlohmann::json::exception& error) {
    fail(Kind::format, "{}", error.what());
  }
}

}  // namespace

std::shared_ptr<const LatencyModel> open_latency_model(const fs::path& table,
                                                       const ImageModel& model,
                                                       const Graph& graph,
                                                       const Structure& structure,
                                                       const Shape& input,
                                                       const WidthConfig& widths) {
  std::shared_ptr<const LatencyModel> latency;
  if (!table.empty() && fs::exists(table)) {
    latency = with_context("reading " + table.string(), [&] {
      return std::make_shared<LatencyModel>(
          LatencyModel::from_json(parse_table(table), model, graph, structure, input));
    });
  } else {
    latency = std::make_shared<LatencyModel>(
        LatencyModel::measure(model, graph, structure, input, widths));
    if (!table.empty()) write_file_atomic(table, latency->to_json().dump(1) + "\n");
  }
  say(
      fmt::format("latency: over {} random networks the mean error is {:.1f} %, Spearman's rank "
                  "correlation {:.3f}",
                  latency->compared().size(), 100 * latency->error(), latency->agreement()));
  return latency;
}

void check_prediction(const LatencyModel& latency) {
  if (latency.error() > kLargestError)
    fail(
        Kind::usage,
        "the latency of pruned networks is predicted with a mean error of {:.0f} %, too much for a "
        "limit; measure while nothing else runs, or limit macs",
        100 * latency.error());
}

PruneChoice choose_by_clock(Budget budget,
                            const WidthConfig& config,
                            const CostModel& cost,
                            const Structure& structure,
                            const ImageModel& model,
                            const Shape& input,
                            const std::function<PruneChoice(const WidthChoice&)>& choose) {
  Limit& aim = *budget.latency();
  const double limit = static_cast<double>(aim.most) / 1e6;
  std::optional<PruneChoice> best;
  double best_measured = 0;
  for (int tries = 0; tries < kTries; ++tries) {
    PruneChoice choice = choose(WidthChoice(structure, cost, budget, config));
    ImageModelPtr pruned = without_channels(model, structure, choice.keep);
    const double measured = measured_latency(*pruned, input);
    say(fmt::format("measured {:.3f} ms, the limit is {:.3f} ms", measured, limit));
    const bool whole = counts_of(structure, choice.keep) == structure.whole();
    if (measured <= limit && measured > best_measured) {
      best_measured = measured;
      best = std::move(choice);
      if (whole || measured > kCloseEnough * limit) break;
    }
    aim.most = std::llround(static_cast<double>(aim.most) * kAim * limit / measured);
  }
  if (!best)
    fail(Kind::usage, "the network stayed above the limit of {:.3f} ms in {} tries", limit, kTries);
  return std::move(*best);
}

}  // namespace espalier
