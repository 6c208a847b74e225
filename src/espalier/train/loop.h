// The training loop: one for all tasks. It takes batches in order, steps the optimiser along the
// schedule, evaluates after each epoch, keeps the best model and the last state, and goes on from
// that state to the bit.
//
//   RunFolder run = RunFolder::create("runs/mine", false);
//   TrainOutcome outcome = train(task, train_loader, &val_loader, config, run, /*resume=*/false);
#pragma once

#include <string>
#include <vector>

#include "espalier/data/loader.h"
#include "espalier/tasks/task.h"
#include "espalier/tensor/precision.h"
#include "espalier/train/config.h"
#include "espalier/train/run_folder.h"

namespace espalier {

struct TrainOutcome {
  int64_t epochs = 0, steps = 0;
  int64_t skipped = 0;         // steps left out because something was not finite
  bool stopped_early = false;  // patience ran out before the epochs did
  double seconds = 0;  // of training and evaluating, over the whole run, resumptions included
  int64_t best_epoch = 0;
  Scores best;  // on the validation data; empty without any
  Precision precision = Precision::fp32;
  int64_t failures = 0;               // samples that could not be read, counted once each
  std::vector<SampleFailure> failed;  // the first hundred of them
};

// Writes model.safetensors + config.json (best), last/ (the final weights), swa/ (their average,
// when config.swa_start asks for it), last.ckpt and
// metrics.jsonl into `run`. `data` gives batches of images_a_step(config), which are worked through
// config.batch images at a time. Without `val` the last weights are the best. Throws Error(data)
// naming step and parameter when loss or gradient stop being finite more often than
// config.skip_nonfinite allows (last.ckpt keeps the last good state), Error(interrupted) after
// saving when the user stops the run, Error(usage) when the settings do not fit the data,
// Error(io) when the disk refuses.
TrainOutcome train(
    Task& task, Loader& data, Loader* val, const TrainConfig& config, RunFolder& run, bool resume);

struct Predictions {
  std::vector<Annotation> truth, predicted;
  std::vector<int64_t> indices;  // in the data set
  std::vector<SampleFailure> failures;
};

// Every sample of `data` once, in evaluation mode.
Predictions predict_all(Task& task, Loader& data, Precision precision, const std::string& what);

}  // namespace espalier
