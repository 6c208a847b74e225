// MetaPruning (Liu et al., ICCV 2019, arXiv 1903.10258): train one network that makes weights for any
// widths, score width vectors by it, let evolution find the best within the budget. What follows, the
// training of the found widths from scratch, is that of every method.
//
//   PruneChoice choice = metapruning(problem);   // row "metapruning" of prune_methods()
//
// Where it departs from the published code: norms are recalibrated by a cumulative average instead of a
// moving one that still holds 12 % of its beginning after 20 batches; the learning rate falls with each
// step, not each epoch; random vectors that pass the limit are narrowed instead of drawn again, for
// ever where the limit is tight; unless asked for the published genes, each group of the trace is one, so ResNet
// bottlenecks have two middle widths where the published code ties both to one.
#pragma once

#include <functional>

#include "espalier/core/fields.h"
#include "espalier/prune/evolve.h"
#include "espalier/prune/genes.h"
#include "espalier/prune/pruning_net.h"

namespace espalier {

struct PruneChoice;
struct PruneProblem;

struct MetaPruningConfig {
  PruningNetConfig net;
  EvolutionConfig evolution;
  int64_t epochs = 16;  // of the network that makes weights (published: 64 or 32)
  double lr = 0.25;     // its peak rate for 512 pictures a step, scaled linearly
  double weight_decay = 4e-5;
  // uniform: each step draws every width at random, as the paper; sandwich: each step goes through the
  // widest, the narrowest and two random networks, which learn from the widest (Yu and Huang, ICCV 2019).
  std::string sampling = "uniform";
  // What a vector of levels means to the search. levels: its shares as they are, as the paper; most random
  // vectors then cost far less than they may. budget: the shares are widened or narrowed together until the
  // vector uses the budget, so that only their proportions are searched.
  std::string space = "levels";
  std::string genes = "groups";  // read_genes()
};
Fields fields(MetaPruningConfig& config);  // under names that begin with "meta_"

PruneChoice metapruning(const PruneProblem& problem);

// Its first half: trains the network that makes weights for any widths, or goes on with the one in problem.work, and
// returns what makes a network of some widths. `problem` and what it refers to must outlive that.
std::function<ImageModelPtr(const Counts&)> weights_of_any_widths(const PruneProblem& problem);

}  // namespace espalier
