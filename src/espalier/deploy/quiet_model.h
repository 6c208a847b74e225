// A model in evaluation mode and without gradients for the length of a scope; afterwards as it was.
//
//   { QuietModel quiet(model);  at::Tensor logits = model.forward(images); }
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <torch/nn/module.h>

namespace espalier {

class QuietModel {
 public:
  // The model must be held by a shared_ptr, as every module is.
  explicit QuietModel(torch::nn::Module& model);
  ~QuietModel();
  QuietModel(const QuietModel&) = delete;
  QuietModel& operator=(const QuietModel&) = delete;

 private:
  std::vector<std::pair<std::shared_ptr<torch::nn::Module>, bool>>
      modes_;  // parents before children
  std::vector<at::Tensor> learned_;
};

}  // namespace espalier
