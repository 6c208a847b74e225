// Progressive multi-granularity training (Du et al., ECCV 2020, arXiv 2003.03836), the later rival of DCL
// that reuses the jigsaw: heads on the last three stages, each of which learns from jigsaws of its own
// grain, and one on all three that learns from whole pictures.
//
//   Loader train(dataset, transform, config, jigsaw_batches(pmg.grids));
//   PmgTask task(model, meta, {}, pmg);
//
// Where it departs from the paper: there each of the four losses is a step of its own, here all are one
// step; and the network's own head learns from the whole pictures too, so that the saved model is the
// plain network like that of every other method. What the added heads would say is in verdicts().
#pragma once

#include "espalier/tasks/classify.h"

namespace espalier {

struct PmgConfig {
  std::vector<int64_t> grids =
      {};               // cells a side for the three stages, finest map first; empty: resolve_pmg
  int64_t width = 128;  // of the added heads; twice so many features a stage (paper: 512)
};
Fields fields(PmgConfig& config);  // under the names pmg_grids and pmg_width

// Grids that are not given: 8, 4, 2 as in the paper, whose pictures have 448 px; below 224 px 4, 2, 1,
// for cells of less than 28 px hold nothing that tells classes apart.
PmgConfig resolve_pmg(PmgConfig config, int64_t side);

class PmgTask : public ClassifyTask {
 public:
  // `pmg`: resolved. Throws Error(usage) unless there are three grids; Error(unsupported) for a network with fewer than
  // three maps.
  PmgTask(ImageModelPtr model, ModelMeta meta, ClassifyConfig config, PmgConfig pmg);

  torch::nn::Module& module() override;
  // Cross entropy of each stage's head on its jigsaws, told by their grid, twice that of all three on the
  // whole pictures (the published code's factor), and that of the network's own head on them. Pictures of
  // a kind of which the batch has less than two add nothing; it must have two of some kind.
  Losses losses(const Batch& batch) override;
  // Also "stages", the head on all three, and "sum" of it and each stage's, as the paper evaluates.
  std::vector<std::pair<std::string, at::Tensor>> verdicts(const Batch& batch) override;

 private:
  struct Network;
  PmgConfig pmg_;
  std::shared_ptr<Network> network_;
};

}  // namespace espalier
