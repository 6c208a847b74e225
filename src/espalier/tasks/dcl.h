// Destruction and construction learning (Chen et al., CVPR 2019): a classifier that also sees its
// pictures destroyed (data/destruct.h), tells whole from destroyed ones, and says where each cell came
// from. All that this adds is dropped when the model is saved: what remains is the plain network.
//
//   DclConfig dcl = resolve_dcl({}, *model, /*channels=*/3, /*side=*/448);
//   Loader train(dataset, transform, config, destruct_batches(destruct_config(dcl)));
//   DclTask task(model, meta, {}, dcl);   // losses() takes originals and copies in any order
#pragma once

#include "espalier/data/destruct_batches.h"
#include "espalier/tasks/classify.h"

namespace espalier {

struct DclConfig {
  // strict: the paper. compat: the published code (JDAI-CV/DCL), which differs in the way of
  // destruction, the targets of the location head, and the form of both added heads.
  std::string variant = "strict";
  int64_t grid = 0;                          // cells a side; 0: from the network's last map
  double reach = 0;                          // strict; 0: 2 from five cells on, else 1
  double alpha = 1, beta = 1, gamma = 0.01;  // weights of class, adversarial and location loss
  double agree = 0;  // of the distance of what is said of a copy to what is said of its original
  // pair: whole or destroyed. classes: 2 C ways, a destroyed picture of class y being y + C. auto:
  // pair for strict, classes for compat.
  std::string adversary = "auto";
  // pair: row and column of each cell's source, two channels and ReLU. index: its number, one channel
  // and tanh. auto: pair for strict, index for compat.
  std::string location = "auto";
  int64_t location_grid = 0;  // cells a side that the location head speaks of; set by resolve_dcl
};
Fields fields(DclConfig& config);  // all but the last, under the names dcl_variant, dcl_grid, ...

// The settings with nothing left to choose, for images of this side: a map of an even side from 6 on is
// pooled by 2, as the paper's of 14 to 7 cells; a coarser or odd one has a cell a place. compat's location
// head has 7 cells a side whatever the grid is, where the map has as many places. Throws
// Error(unsupported) for a network without maps, Error(usage) for more cells than the map has places
// or pictures have pixels, and for a reach that does not fit.
DclConfig resolve_dcl(DclConfig config, ImageModel& model, int64_t channels, int64_t side);

// What the loader does for a resolved config.
DestructConfig destruct_config(const DclConfig& config);

// The targets of the location head for each picture of a batch; an original's cells come from where they
// are. Throws Error(internal) when a picture was destroyed on another grid.
//   pair   N x 2 x grid x grid: row and column of the source, as shares of the way, 0..1
//   index  N x grid^2: (index - grid^2 / 2) / grid^2, the division in whole numbers
at::Tensor location_targets(const Batch& batch, int64_t grid, bool pair);

class DclTask : public ClassifyTask {
 public:
  // `dcl` must be resolved. A weight of 0 leaves its head out.
  DclTask(ImageModelPtr model, ModelMeta meta, ClassifyConfig config, DclConfig dcl);

  torch::nn::Module& module() override;
  // Means over the images of: cross entropy of the class, of the adversarial head, and the L1 distance
  // of the location head (pair: summed over cells and both coordinates, as in the paper; index: their
  // mean, as in the code). total = alpha class + beta adversarial + gamma location. (The paper adds
  // the two images of a pair, which is twice the mean.) To it comes agree times what neither has: the
  // mean over the copies of KL(original || copy) of the class probabilities, in nats, which moves the
  // copies' alone.
  Losses losses(const Batch& batch) override;
  // With an adversarial head of classes also what its halves add to ("adversary"), and both heads
  // together ("sum"), by which the published code evaluates.
  std::vector<std::pair<std::string, at::Tensor>> verdicts(const Batch& batch) override;

 private:
  struct Network;
  at::Tensor adversarial_loss(const at::Tensor& map, const Batch& batch) const;
  at::Tensor location_loss(const at::Tensor& map, const Batch& batch) const;
  at::Tensor agreement_loss(const at::Tensor& logits, const Batch& batch) const;

  DclConfig dcl_;
  std::shared_ptr<Network> network_;
};

}  // namespace espalier
