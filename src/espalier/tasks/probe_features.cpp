#include "espalier/tasks/probe_features.h"

#include <optional>

#include "espalier/core/error.h"
#include "espalier/core/interrupt.h"
#include "espalier/core/progress.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

// The network gives what its last layer would get: that layer is the identity while this lives.
class WithoutHead {
 public:
  explicit WithoutHead(ImageModel& model)
      : model_(model),
        linear_(last_linear(model)),
        weight_(linear_.weight),
        bias_(linear_.bias),
        was_training_(model.is_training()) {
    linear_.weight = at::eye(weight_.size(1), weight_.options());
    linear_.bias = at::Tensor();
    model.eval();
  }
  ~WithoutHead() {
    linear_.weight = weight_;
    linear_.bias = bias_;
    model_.train(was_training_);
  }
  WithoutHead(const WithoutHead&) = delete;
  WithoutHead& operator=(const WithoutHead&) = delete;

  int64_t width() const { return weight_.size(1); }

 private:
  ImageModel& model_;
  torch::nn::LinearImpl& linear_;
  at::Tensor weight_, bias_;
  bool was_training_;
};

}  // namespace

torch::nn::LinearImpl* find_last_linear(ImageModel& model) {
  torch::nn::LinearImpl* last = nullptr;
  for (const auto& module : model.modules(/*include_self=*/false))
    if (!module->parameters(/*recurse=*/false).empty()) last = module->as<torch::nn::Linear>();
  return last != nullptr && last->bias.defined() ? last : nullptr;
}

torch::nn::LinearImpl& last_linear(ImageModel& model) {
  torch::nn::LinearImpl* last = find_last_linear(model);
  if (last == nullptr)
    fail(Kind::unsupported, "{}: a linear probe needs a network that ends in a linear layer",
         model.name);
  return *last;
}

ProbeFeatures read_probe_features(ClassifyTask& task,
                                  Loader& data,
                                  const std::string& what,
                                  std::vector<SampleFailure>& failures) {
  torch::NoGradGuard guard;
  WithoutHead open(task.model());
  const auto classes = static_cast<int64_t>(task.meta().class_names.size());
  Progress progress(what, data.dataset().size(), "img");
  std::vector<at::Tensor> values, labels;
  ProbeFeatures features;
  data.start_epoch(0);
  while (std::optional<Batch> batch = data.next()) {
    if (interrupted()) fail(Kind::interrupted, "stopped");
    failures.insert(failures.end(), batch->failures.begin(), batch->failures.end());
    if (batch->count == 0) continue;
    values.push_back(task.logits(*batch));
    labels.push_back(class_targets(*batch, classes));
    if (values.back().dim() != 2 || values.back().size(1) != open.width())
      fail(Kind::unsupported, "{}: its last linear layer does not give the logits",
           task.model().name);
    features.indices.insert(features.indices.end(), batch->indices.begin(), batch->indices.end());
    for (Annotation& truth : batch->truth) features.truth.push_back(std::move(truth));
    progress.advance(batch->count);
  }
  if (values.empty()) fail(Kind::data, "{}: not one picture could be read", what);
  features.values = at::cat(values).to(at::kDouble);
  features.labels = at::cat(labels);
  return features;
}

at::Tensor logits_of_features(ImageModel& model, const at::Tensor& features) {
  torch::NoGradGuard guard;
  const torch::nn::LinearImpl& linear = last_linear(model);
  return at::linear(features.to(at::kFloat), linear.weight, linear.bias);
}

}  // namespace espalier
