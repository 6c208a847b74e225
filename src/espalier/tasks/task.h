// A task turns images into annotations and knows how to learn to. The training loop knows tasks,
// never a model family.
//
//   Losses losses = task.losses(batch);   losses.total.backward();
//   std::vector<Annotation> predicted = task.predict(batch);
//   Scores scores = task.score(truth, predicted);
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <torch/nn/module.h>

#include "espalier/core/files.h"
#include "espalier/data/loader.h"
#include "espalier/metrics/scores.h"

namespace espalier {

struct Losses {
  at::Tensor total;                                       // scalar, with a gradient
  std::vector<std::pair<std::string, at::Tensor>> parts;  // named scalars for the log; may be empty
};

class Task {
 public:
  virtual ~Task() = default;

  virtual std::string name() const = 0;     // "classify"
  virtual torch::nn::Module& module() = 0;  // everything that learns, heads of the method included
  // What of module() predicts; the rest is dropped when the model is saved.
  virtual torch::nn::Module& network() { return module(); }

  // batch: bytes as loaded, count >= 1; truth has the fields that the task reads, else Error(data)
  // naming the sample.
  virtual Losses losses(const Batch& batch) = 0;

  // One annotation an image, in order; without gradients, in evaluation mode.
  virtual std::vector<Annotation> predict(const Batch& batch) = 0;

  // The first score is the headline: it picks the best checkpoint.
  virtual Scores score(const std::vector<Annotation>& truth,
                       const std::vector<Annotation>& predicted) const = 0;

  // Writes what is needed to predict in a fresh process (model.safetensors, config.json) into
  // `folder`.
  virtual void save(const fs::path& folder) const = 0;
};

}  // namespace espalier
