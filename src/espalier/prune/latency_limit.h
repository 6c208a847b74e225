// A limit on measured time: the model that predicts it, and choices that are corrected by the clock.
//
//   cost.predict(open_latency_model("table.json", model, graph, structure, input));
//   PruneChoice choice = choose_by_clock(budget, config, cost, structure, model, input, choose);
#pragma once

#include <functional>
#include <memory>

#include "espalier/core/files.h"
#include "espalier/prune/latency_model.h"
#include "espalier/prune/method.h"

namespace espalier {

// Read from `table` where that exists, else measured, and written there unless `table` is empty.
// Says how well it predicts. Throws as LatencyModel.
std::shared_ptr<const LatencyModel> open_latency_model(const fs::path& table,
                                                       const ImageModel& model,
                                                       const Graph& graph,
                                                       const Structure& structure,
                                                       const Shape& input,
                                                       const WidthConfig& widths);

// Throws Error(usage) when the prediction misses by more than 10 % on average: such a model limits
// nothing.
void check_prediction(const LatencyModel& latency);

// Chooses, times what came out, and moves the aim until that is within 5 % under the limit, at most
// four times; less than that is taken only when nothing nearer was found. `budget` has a limit on
// latency, `cost` predicts it. Throws Error(usage) when the network stays above the limit.
PruneChoice choose_by_clock(Budget budget,
                            const WidthConfig& config,
                            const CostModel& cost,
                            const Structure& structure,
                            const ImageModel& model,
                            const Shape& input,
                            const std::function<PruneChoice(const WidthChoice&)>& choose);

}  // namespace espalier
