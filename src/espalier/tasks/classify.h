// Image classification: one class an image, softmax and cross entropy with optional label
// smoothing.
//
//   ClassifyTask task(make_model("resnet20", {{"classes", 10}}), meta, {.label_smoothing = 0.1});
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "espalier/core/fields.h"
#include "espalier/models/model.h"
#include "espalier/models/model_file.h"
#include "espalier/tasks/images.h"
#include "espalier/tasks/task.h"
#include "espalier/tensor/precision.h"

namespace espalier {

struct ClassifyConfig {
  double label_smoothing =
      0;  // share eps spread evenly over all classes, the true one included (Szegedy et al. 2016)
  // Knowledge distillation (nn/distillation.h): total = (1 - weight) hard + weight soft.
  std::string teacher = "";
  double teacher_weight = 0.5, teacher_temperature = 4;
};
Fields fields(ClassifyConfig& config);

class ClassifyTask : public Task {
 public:
  ClassifyTask(ImageModelPtr model, ModelMeta meta, ClassifyConfig config);

  std::string name() const override { return "classify"; }
  torch::nn::Module& module() override { return *model_; }
  torch::nn::Module& network() override { return *model_; }
  Losses losses(const Batch& batch) override;
  std::vector<Annotation> predict(const Batch& batch) override;
  // From now on predict() gives the mean of the probabilities of each picture and its mirror image.
  void look_at_mirror_images(bool on) { mirror_ = on; }
  bool looks_at_mirror_images() const { return mirror_; }
  Scores score(const std::vector<Annotation>& truth,
               const std::vector<Annotation>& predicted) const override;
  void save(const fs::path& folder) const override;

  // From now on losses() also draws the network to what `teacher` (tasks/teacher.h) says of the same
  // images.
  void learn_from(std::shared_ptr<ClassifyTask> teacher) { teacher_ = std::move(teacher); }

  // N x classes of the images of a batch, made as large as the network was trained on; without
  // gradients, in the mode it is in.
  at::Tensor logits(const Batch& batch);

  // What each head that knows the classes says of a batch, by name, as N x classes logits: the network's
  // own first, then those of the method, which are lost when the model is saved. Without gradients.
  virtual std::vector<std::pair<std::string, at::Tensor>> verdicts(const Batch& batch);

  ImageModel& model() { return *model_; }
  const ModelMeta& meta() const { return meta_; }

  // The images of a batch as the network takes them.
  at::Tensor images_of(const Batch& batch) const { return to_tensor(batch, normalisation_); }
  // Of N x classes logits, float, against the labels and the teacher.
  Losses class_losses(const at::Tensor& logits, const Batch& batch) const;

 private:
  ImageModelPtr model_;
  ModelMeta meta_;
  ClassifyConfig config_;
  Normalisation normalisation_;
  std::shared_ptr<ClassifyTask> teacher_;
  bool mirror_ = false;
};

// N x classes logits to annotations: every class with its softmax probability, best first (ties:
// lower id first).
std::vector<Annotation> annotations_from_logits(const at::Tensor& logits);

// What cross_entropy_loss takes as the target: class ids as an int64 vector when every sample has one
// class with score 1, else the shares of the classes as N x classes floats whose rows add to 1 (mixup).
// Error(data) naming a sample without a class, outside 0..classes-1, or whose scores do not add to 1.
at::Tensor class_targets(const Batch& batch, int64_t classes);

}  // namespace espalier
