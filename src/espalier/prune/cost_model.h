// What a pruned network would cost, from its widths alone: nothing is built, traced or run, so that
// a search can ask ten thousand times a second.
//
//   CostModel cost(model, graph, structure, {1, 3, 224, 224});
//   PrunedCost half = cost.at(counts);   // exactly what count_cost() says once it is pruned so
//
// Every figure of deploy/cost.h is a sum over layers of a constant times the widths of one or two
// axes; the constants are taken from the whole network once.
#pragma once

#include <memory>

#include "espalier/prune/structure.h"

namespace espalier {

// For one picture; the first five as in deploy/cost.h.
struct PrunedCost {
  int64_t macs = 0, parameters = 0, activations = 0, traffic = 0, extras = 0;
  int64_t bytes = 0;  // of model.safetensors: numbers exactly, names and configuration from above
  int64_t latency_ns = 0;  // predicted, by a cost model that was told to
};

class LatencyModel;

class CostModel {
 public:
  // As read_structure().
  CostModel(const ImageModel& model,
            const Graph& graph,
            const Structure& structure,
            const Shape& input);

  // From now on latency_ns is predicted too.
  void predict(std::shared_ptr<const LatencyModel> latency) { latency_ = std::move(latency); }

  // `counts`: one a group, 1 .. its size.
  PrunedCost at(const Counts& counts) const;

 private:
  struct Term {
    int64_t scale;
    uint32_t a, b;  // of widths_
  };
  struct Sum {
    int64_t PrunedCost::*figure;
    std::vector<Term> terms;
  };
  class Builder;

  std::vector<Width> widths_;  // each once; the first is 1
  std::vector<Sum> sums_;
  std::shared_ptr<const LatencyModel> latency_;
};

}  // namespace espalier
