// What the last linear layer of a network gets of each picture: the features that probes and diagnoses learn from.
//
//   ProbeFeatures features = read_probe_features(task, loader, "features", failures);
//   at::Tensor logits = logits_of_features(task.model(), features.values);   // what the network makes of them
#pragma once

#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "espalier/data/loader.h"
#include "espalier/tasks/classify.h"

namespace torch::nn {
class LinearImpl;
}

namespace espalier {

// Null where the last layer with weights is another, or has no bias.
torch::nn::LinearImpl* find_last_linear(ImageModel& model);
// Throws Error(unsupported) instead.
torch::nn::LinearImpl& last_linear(ImageModel& model);

struct ProbeFeatures {
  at::Tensor values, labels;      // N x D doubles; N class ids, or N x classes shares
  std::vector<Annotation> truth;  // of each
  std::vector<int64_t> indices;   // in the data set
};

// In evaluation mode, in fp32; `data` neither augmented nor shuffled. The network is left as it was. Throws
// Error(unsupported) for a network whose logits do not come from an nn::Linear, Error(data) when no picture could be
// read, Error(interrupted).
ProbeFeatures read_probe_features(ClassifyTask& task,
                                  Loader& data,
                                  const std::string& what,
                                  std::vector<SampleFailure>& failures);

// N x classes floats.
at::Tensor logits_of_features(ImageModel& model, const at::Tensor& features);

}  // namespace espalier
