// The ways to choose which channels stay, behind one interface.
//
//   const PruneMethod& method = find_prune_method("taylor");
//   PruneChoice choice = method.choose(problem);
//   remove_channels(model, structure, choice.keep);
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "espalier/core/files.h"
#include "espalier/core/random.h"
#include "espalier/data/loader.h"
#include "espalier/models/model.h"
#include "espalier/prune/choose.h"
#include "espalier/prune/metapruning.h"

namespace espalier {

struct MethodOptions {
  std::string method = "uniform";
  std::string scope = "global";  // of importance: ranked over all layers, or within each
  int64_t candidates = 50;       // width vectors that a searching method scores
  int64_t seed = 1;
  MetaPruningConfig meta = {};
};
Fields fields(MethodOptions& options);

// What a method may ask of the data.
struct PruneData {
  // Runs the whole network over some training batches and calls its argument after each backward
  // pass.
  std::function<void(const std::function<void()>& after_backward)> backward_batches;
  // Measures the statistics of a pruned network's norms anew, on training pictures.
  std::function<void(const ImageModelPtr& pruned)> recalibrate;
  // Accuracy on pictures held out of training, of the network as it is.
  std::function<double(const ImageModelPtr& pruned)> accuracy;
  // The same after recalibrate().
  std::function<double(const ImageModelPtr& pruned)> score;
  // The same on more of them, for so many of the best of a search; 1: the best by `score` is taken.
  int64_t finalists = 1;
  std::function<double(const ImageModelPtr& pruned)> final_score;
  // Calls `learn` with every batch of so many passes over the training pictures, as the run augments
  // them, and with the share of the steps that are done; it returns the loss.
  std::function<void(int64_t epochs,
                     const std::function<double(const Batch& batch, double done)>& learn)>
      train;
  // What a network says of a batch, with gradients, and the loss of that.
  std::function<at::Tensor(const ImageModelPtr& network, const Batch& batch)> logits;
  std::function<at::Tensor(const at::Tensor& logits, const Batch& batch)> loss;
};

struct PruneProblem {
  ImageModel& model;
  const Structure& structure;
  const CostModel& cost;
  const WidthChoice& widths;
  const MethodOptions& options;
  const PruneData& data;
  fs::path work;  // where a long search keeps what it has found, to go on with
};

// What a searching method looked at.
struct PruneCandidate {
  Counts counts;
  PrunedCost cost;
  double score;
};

struct PruneChoice {
  std::vector<bool> keep;  // of each atom
  std::vector<PruneCandidate> searched = {};
};

// Which of those that a search looked at is taken: the first with the highest score, or of the `finalists` best the one
// with the highest final score. `searched` is not empty.
const PruneCandidate& best_candidate(const PruneData& data,
                                     const std::vector<PruneCandidate>& searched,
                                     const std::function<ImageModelPtr(const Counts&)>& network_of);

// A share of each group, drawn from the scales of MetaPruning (arXiv 1903.10258): 0.10, 0.13, ... 1.00.
std::vector<double> random_shares(size_t groups, Random& random);

struct PruneMethod {
  std::string name, help;
  bool needs_data;
  PruneChoice (*choose)(const PruneProblem& problem);
};

const std::vector<PruneMethod>& prune_methods();
// Throws Error(usage) offering the nearest.
const PruneMethod& find_prune_method(const std::string& name);

}  // namespace espalier
