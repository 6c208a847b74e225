// A network of the table with all that a pruning method wants; what it asks of data is the test's to say.
#pragma once

#include <string>

#include "espalier/deploy/trace.h"
#include "espalier/models/table.h"
#include "espalier/prune/method.h"
#include "espalier/prune/surgery.h"
#include "espalier/tensor/torch.h"

namespace espalier {

class Bench {
 public:
  explicit Bench(const std::string& name = "resnet20",
                 const nlohmann::json& arguments = {{"width", 8}})
      : model(make_model(name, arguments)),
        graph(trace(*model, torch::zeros(kInput))),
        structure(read_structure(*model, graph, kInput)),
        cost(*model, graph, structure, kInput) {}

  WidthChoice widths(const std::string& budget, const WidthConfig& config = {.round_to = 1}) const {
    return {structure, cost, parse_budget(budget, whole()), config};
  }
  PruneChoice choose(MethodOptions options,
                     const std::string& budget,
                     const WidthConfig& config = {.round_to = 1}) const {
    WidthChoice choice = widths(budget, config);
    return find_prune_method(options.method)
        .choose({*model, structure, cost, choice, options, data, work});
  }
  PrunedCost whole() const { return cost.at(structure.whole()); }
  PrunedCost cost_of(const PruneChoice& choice) const {
    return cost.at(counts_of(structure, choice.keep));
  }
  // Calls with each channel that `layer` writes and whether it stays.
  template <class Visit>
  void each_channel(const std::string& layer, const PruneChoice& choice, const Visit& visit) const {
    for (const ChannelAxis& axis : structure.axes)
      if (axis.tensor == layer + ".weight" && axis.role == AxisRole::writes)
        for (size_t i = 0; i < axis.atoms.size(); ++i)
          visit(i, axis.atoms[i] < 0 || choice.keep[static_cast<size_t>(axis.atoms[i])]);
  }

  const Shape kInput = {1, 3, 32, 32};
  ImageModelPtr model;
  Graph graph;
  Structure structure;
  CostModel cost;
  PruneData data;
  fs::path work;
};

}  // namespace espalier
