// The linear probe: what a linear classifier reaches on the features of a network as it is. It says
// in minutes what pretrained weights are worth for one's pictures, and what training has to beat.
//
//   LinearProbe probe = fit_probe(task, train_loader, &val_loader);
//   say(probe.text());
//   put_into_head(task.model(), probe);   // now the network answers as the probe does
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "espalier/core/fields.h"
#include "espalier/tasks/classify.h"

namespace espalier {

struct ProbeConfig {
  bool probe = false;       // end with it
  bool probe_first = true;  // begin with it where there are pretrained weights
  double probe_l2 = 0;      // 0: chosen on the validation pictures
};
Fields fields(ProbeConfig& config);

struct LinearProbe {
  at::Tensor weight, bias;  // of the network's last layer: classes x features, classes
  double l2 = 0;            // the penalty on features of deviation 1 (nn/logistic.h)
  int64_t images = 0;
  Scores validation;  // empty without validation pictures
  std::vector<SampleFailure> failures;
  double seconds = 0;

  std::string text() const;  // "linear probe: validation accuracy 0.8125 (...)"
};
nlohmann::ordered_json to_json(const LinearProbe& probe);

// Whether the network ends in a linear layer (SqueezeNet, say, does not).
bool can_be_probed(ImageModel& model);

// Runs the pictures of both loaders, which should be neither augmented nor shuffled, through the network in evaluation
// mode, in fp32, up to the input of its last nn::Linear, scales these features to mean 0 and deviation
// 1 over the training pictures, and fits a multinomial logistic regression. Without
// config.probe_l2 the penalty of the best validation accuracy is taken, among equals that of the
// smallest cross entropy, from 10, 3.2, 1, ... 0.0001; without validation pictures 0.01. The network
// is left as it was. Throws Error(unsupported) for a network whose logits do not come from an
// nn::Linear, Error(data) when no picture could be read, Error(interrupted).
LinearProbe fit_probe(ClassifyTask& task,
                      Loader& train,
                      Loader* val,
                      const ProbeConfig& config = {});

// The probe as the network's last layer.
void put_into_head(ImageModel& model, const LinearProbe& probe);

}  // namespace espalier
