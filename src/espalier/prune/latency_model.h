// How long a pruned network would take, from its widths: the sum of its layers' times
// (layer_times.h), scaled and shifted by what whole networks were found to take.
//
//   LatencyModel latency = LatencyModel::measure(model, graph, structure, input);
//   double ms = latency.milliseconds(counts);
//   write_file_atomic("table.json", latency.to_json().dump(1));
#pragma once

#include "espalier/models/model.h"
#include "espalier/prune/choose.h"
#include "espalier/prune/layer_times.h"
#include "espalier/prune/structure.h"

namespace espalier {

// Of one network: one picture at a time, folded, fp32, in the runtime of deploy/network.h, with this
// process's threads.
class LatencyModel {
 public:
  // Measures layers, fits factor and overhead to 15 random pruned networks, of widths that there may be, and compares
  // with 30 others. Throws as trace(); Error(interrupted).
  static LatencyModel measure(const ImageModel& model,
                              const Graph& graph,
                              const Structure& structure,
                              const Shape& input,
                              const WidthConfig& widths);

  double milliseconds(const Counts& counts) const;

  // Over the 30 networks: mean of |predicted - measured| / measured, and Spearman's rank
  // correlation.
  double error() const { return error_; }
  double agreement() const { return agreement_; }

  // A file to share. It carries the machine line, the threads and the network's name, and holds for
  // these alone: from_json() throws Error(usage) when they are others, Error(format) for a damaged
  // one.
  nlohmann::ordered_json to_json() const;
  static LatencyModel from_json(const nlohmann::ordered_json& json,
                                const ImageModel& model,
                                const Graph& graph,
                                const Structure& structure,
                                const Shape& input);

  // Measured and predicted milliseconds of the networks it was compared with.
  const std::vector<std::pair<double, double>>& compared() const { return compared_; }

 private:
  struct Use {
    LayerKey key;
    Width in, out;
  };
  LatencyModel(const ImageModel& model,
               const Graph& graph,
               const Structure& structure,
               const Shape& input);
  double sum(const Counts& counts) const;

  std::string network_;
  std::vector<Use> uses_;
  LayerTimes times_;
  double factor_ = 1, overhead_ = 0, error_ = 0, agreement_ = 0;
  std::vector<std::pair<double, double>> compared_;
};

// Milliseconds of one picture through a network as it is exported: folded, in the runtime.
double measured_latency(ImageModel& model, const Shape& input);
// The same of several networks, which take turns.
std::vector<double> measured_latencies(const std::vector<ImageModelPtr>& models,
                                       const Shape& input);

}  // namespace espalier
