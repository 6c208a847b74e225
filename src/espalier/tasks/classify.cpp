#include "espalier/tasks/classify.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "espalier/core/error.h"
#include "espalier/metrics/classification.h"
#include "espalier/nn/distillation.h"
#include "espalier/tensor/torch.h"

namespace espalier {

namespace {

constexpr double kShareSlack = 1e-4;

at::Tensor class_ids(const Batch& batch) {
  std::vector<int64_t> ids;
  for (const Annotation& truth : batch.truth) ids.push_back(truth.labels[0].id);
  return at::tensor(ids, at::kLong);
}

at::Tensor class_shares(const Batch& batch, int64_t classes) {
  at::Tensor shares = at::zeros({static_cast<int64_t>(batch.truth.size()), classes}, at::kFloat);
  float* row = shares.mutable_data_ptr<float>();
  for (const Annotation& truth : batch.truth) {
    for (const Label& label : truth.labels) row[label.id] += label.score;
    row += classes;
  }
  return shares;
}

at::Tensor probabilities_of(const at::Tensor& logits) {
  return at::softmax(logits.to(at::kFloat), 1).contiguous();
}

std::vector<Annotation> annotations_from(const at::Tensor& probabilities) {
  int64_t count = probabilities.size(0), classes = probabilities.size(1);
  std::vector<Annotation> result(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    const float* row = probabilities.const_data_ptr<float>() + i * classes;
    std::vector<Label>& labels = result[static_cast<size_t>(i)].labels;
    for (int64_t c = 0; c < classes; ++c) labels.push_back({.id = c, .score = row[c]});
    std::stable_sort(labels.begin(), labels.end(),
                     [](const Label& a, const Label& b) { return a.score > b.score; });
  }
  return result;
}

}  // namespace

Fields fields(ClassifyConfig& config) {
  return {field("label_smoothing", config.label_smoothing,
                "share of the target spread over all classes, the true one included")
              .between(0, 0.9),
          field("teacher", config.teacher,
                "run folder, model file or .onnx of the same classes to learn from (knowledge "
                "distillation); empty: none"),
          field("teacher_weight", config.teacher_weight,
                "share of the teacher's soft targets in the loss; the rest is the labels'")
              .between(0, 1),
          field("teacher_temperature", config.teacher_temperature,
                "by which both networks' logits are divided for the soft targets")
              .between(1e-3, 1e3)};
}

ClassifyTask::ClassifyTask(ImageModelPtr model, ModelMeta meta, ClassifyConfig config)
    : model_(std::move(model)),
      meta_(std::move(meta)),
      config_(config),
      normalisation_{meta_.mean, meta_.std} {}

at::Tensor class_targets(const Batch& batch, int64_t classes) {
  bool soft = false;
  for (size_t i = 0; i < batch.truth.size(); ++i) {
    const std::vector<Label>& labels = batch.truth[i].labels;
    if (labels.empty())
      fail(Kind::data, "sample {} has no class, expected one of 0..{}", batch.indices[i],
           classes - 1);
    double sum = 0;
    for (const Label& label : labels) {
      if (label.id < 0 || label.id >= classes)
        fail(Kind::data, "sample {} has class {}, expected one of 0..{}", batch.indices[i],
             label.id, classes - 1);
      sum += static_cast<double>(label.score);
    }
    if (!(std::abs(sum - 1) < kShareSlack))
      fail(Kind::data, "sample {} has {} classes whose scores add to {:.4g}, expected one class",
           batch.indices[i], labels.size(), sum);
    soft |= labels.size() > 1;
  }
  return soft ? class_shares(batch, classes) : class_ids(batch);
}

Losses ClassifyTask::losses(const Batch& batch) {
  return class_losses(model_->forward(images_of(batch)).to(at::kFloat), batch);
}

Losses ClassifyTask::class_losses(const at::Tensor& logits, const Batch& batch) const {
  at::Tensor hard = at::cross_entropy_loss(logits, class_targets(batch, logits.size(1)), {},
                                           at::Reduction::Mean, -100, config_.label_smoothing);
  if (!teacher_) return {.total = hard, .parts = {}};
  double weight = config_.teacher_weight;
  at::Tensor soft = distillation_loss(logits, teacher_->logits(batch), config_.teacher_temperature);
  return {.total = (1 - weight) * hard + weight * soft, .parts = {{"hard", hard}, {"soft", soft}}};
}

at::Tensor ClassifyTask::logits(const Batch& batch) {
  torch::NoGradGuard guard;
  namespace F = torch::nn::functional;
  at::Tensor images = images_of(batch);
  int64_t side = meta_.input_size;
  if (images.size(2) != side || images.size(3) != side)
    images = F::interpolate(images, F::InterpolateFuncOptions()
                                        .size(std::vector<int64_t>{side, side})
                                        .mode(torch::kBilinear)
                                        .align_corners(false)
                                        .antialias(true));
  return model_->forward(images).to(at::kFloat);
}

std::vector<Annotation> ClassifyTask::predict(const Batch& batch) {
  torch::NoGradGuard guard;
  at::Tensor images = images_of(batch);
  at::Tensor shares = probabilities_of(model_->forward(images));
  if (mirror_) shares = (shares + probabilities_of(model_->forward(images.flip(3)))) / 2;
  return annotations_from(shares);
}

std::vector<std::pair<std::string, at::Tensor>> ClassifyTask::verdicts(const Batch& batch) {
  torch::NoGradGuard guard;
  return {{"network", model_->forward(images_of(batch)).to(at::kFloat)}};
}

std::vector<Annotation> annotations_from_logits(const at::Tensor& logits) {
  return annotations_from(probabilities_of(logits));
}

Scores ClassifyTask::score(const std::vector<Annotation>& truth,
                           const std::vector<Annotation>& predicted) const {
  return score_classification(truth, predicted, meta_.class_names).scores;
}

void ClassifyTask::save(const fs::path& folder) const {
  save_model(folder, *model_, meta_);
}

}  // namespace espalier
