#include "espalier/tasks/pixel_baseline.h"

#include <algorithm>
#include <array>

#include "espalier/core/error.h"
#include "espalier/tasks/classify.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

struct Table {
  at::Tensor pixels;   // N x (C H W), normalised
  at::Tensor targets;  // N
};

Table load_table(const DatasetPtr& data, const Transform& transform, int64_t limit) {
  int64_t classes = static_cast<int64_t>(data->class_names().size());
  Loader loader(data, transform, {.batch = 256, .shuffle = true, .seed = 1});
  loader.start_epoch(0);
  std::vector<at::Tensor> rows, targets;
  int64_t count = 0;
  while (count < limit) {
    std::optional<Batch> batch = loader.next();
    if (!batch) break;
    if (batch->count == 0) continue;
    rows.push_back(to_tensor(*batch, Normalisation::usual(batch->channels)).flatten(1));
    targets.push_back(class_targets(*batch, classes));
    count += batch->count;
  }
  if (rows.empty()) fail(Kind::data, "no image could be read for the pixel baseline");
  return {at::cat(rows), at::cat(targets)};
}

double accuracy(const Table& table, const at::Tensor& weight, const at::Tensor& bias) {
  at::Tensor predicted = at::linear(table.pixels, weight, bias).argmax(1);
  return predicted.eq(table.targets).to(at::kDouble).mean().item<double>();
}

struct Fit {
  at::Tensor weight, bias;
};

Fit fit(const Table& table, int64_t classes, double weight_decay) {
  at::Tensor weight = at::zeros({classes, table.pixels.size(1)}).requires_grad_();
  at::Tensor bias = at::zeros({classes}).requires_grad_();
  torch::optim::AdamW optimiser({weight, bias},
                                torch::optim::AdamWOptions(1e-3).weight_decay(weight_decay));
  constexpr int64_t kBatch = 128, kEpochs = 12, kSteps = 800;  // at least so many of each
  int64_t epochs = std::max(kEpochs, kSteps * kBatch / table.pixels.size(0));
  for (int64_t epoch = 0; epoch < epochs; ++epoch) {
    for (int64_t begin = 0; begin < table.pixels.size(0); begin += kBatch) {
      int64_t end = std::min(begin + kBatch, table.pixels.size(0));
      optimiser.zero_grad();
      at::Tensor logits = at::linear(table.pixels.slice(0, begin, end), weight, bias);
      at::cross_entropy_loss(logits, table.targets.slice(0, begin, end)).backward();
      optimiser.step();
    }
  }
  return {weight.detach(), bias.detach()};
}

}  // namespace

double pixel_baseline_accuracy(const DatasetPtr& train,
                               const DatasetPtr& val,
                               const DatasetPtr& test,
                               const Transform& transform,
                               int64_t limit) {
  int64_t classes = static_cast<int64_t>(train->class_names().size());
  Table learn = load_table(train, transform, limit);
  Table choose = load_table(val, transform, limit);
  Table judge = load_table(test, transform, limit);
  Fit best;
  double best_accuracy = -1;
  for (double weight_decay : std::array{1e-2, 1.0, 30.0}) {
    Fit candidate = fit(learn, classes, weight_decay);
    torch::NoGradGuard guard;
    double reached = accuracy(choose, candidate.weight, candidate.bias);
    if (reached <= best_accuracy) continue;
    best_accuracy = reached;
    best = candidate;
  }
  torch::NoGradGuard guard;
  return accuracy(judge, best.weight, best.bias);
}

}  // namespace espalier
