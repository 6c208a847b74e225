#include "espalier/prune/classifier_data.h"

#include <memory>
#include <numeric>
#include <optional>

#include "espalier/core/error.h"
#include "espalier/core/random.h"
#include "espalier/data/subset.h"
#include "espalier/nn/norms.h"
#include "espalier/nn/recalibrate.h"
#include "espalier/tensor/torch.h"
#include "espalier/train/classify_recipe.h"

namespace espalier {
namespace {

constexpr int64_t kBatch = 64, kWorkers = 2;

// The first pictures of a data set in a fixed random order.
class KeptPictures {
 public:
  KeptPictures(DatasetPtr data, const ModelMeta& meta, const JudgeConfig& config, std::string part)
      : data_(std::move(data)), meta_(meta), config_(config), part_(std::move(part)) {}

  const std::vector<Batch>& batches() {
    if (!batches_.empty()) return batches_;
    if (!data_ || data_->size() == 0)
      fail(Kind::data, "the data have no {} part to judge channels by", part_);
    std::vector<int64_t> order(static_cast<size_t>(data_->size()));
    std::iota(order.begin(), order.end(), int64_t{0});
    Random(0).stream(part_).shuffle(order);
    Loader loader = evaluation_loader(subset(data_, order), meta_, kBatch, kWorkers);
    loader.start_epoch(0);
    for (int64_t images = 0; images < config_.images;) {
      std::optional<Batch> batch = loader.next();
      if (!batch) break;
      images += batch->count;
      if (batch->count > 1) batches_.push_back(std::move(*batch));
    }
    if (batches_.empty()) fail(Kind::data, "no batch of the {} part could be read", part_);
    return batches_;
  }

 private:
  DatasetPtr data_;
  ModelMeta meta_;
  JudgeConfig config_;
  std::string part_;
  std::vector<Batch> batches_;
};

double accuracy(ClassifyTask& task, const std::vector<Batch>& batches) {
  int64_t right = 0, all = 0;
  task.module().eval();
  for (const Batch& batch : batches) {
    at::Tensor best = task.logits(batch).argmax(1);
    for (int64_t i = 0; i < batch.count; ++i)
      right += best[i].item<int64_t>() == batch.truth[static_cast<size_t>(i)].labels.at(0).id;
    all += batch.count;
  }
  return static_cast<double>(right) / static_cast<double>(all);
}

}  // namespace

Fields fields(JudgeConfig& config) {
  return {field("images", config.images,
                "pictures of the training and of the validation part by which channels are judged")
              .between(2, 1e9)};
}

PruneData classifier_data(ClassifyTask& task,
                          DatasetPtr train,
                          DatasetPtr held_out,
                          const JudgeConfig& config) {
  auto seen = std::make_shared<KeptPictures>(std::move(train), task.meta(), config, "training");
  auto unseen =
      std::make_shared<KeptPictures>(std::move(held_out), task.meta(), config, "validation");
  PruneData data;
  data.backward_batches = [&task, seen](const std::function<void()>& after_backward) {
    torch::AutoGradMode with_gradients(true);
    task.module().eval();  // the statistics that it will be used with
    for (const Batch& batch : seen->batches()) {
      task.module().zero_grad();
      task.losses(batch).total.backward();
      after_backward();
    }
    task.module().zero_grad();
  };
  data.recalibrate = [meta = task.meta(), seen](const ImageModelPtr& pruned) {
    if (batch_norms(*pruned).empty()) return;
    ClassifyTask candidate(pruned, meta, {});
    auto next = seen->batches().begin();
    recalibrate_norms(*pruned, [&] {
      if (next == seen->batches().end()) return false;
      candidate.logits(*next++);
      return true;
    });
  };
  data.score = [meta = task.meta(), recalibrate = data.recalibrate,
                unseen](const ImageModelPtr& pruned) {
    recalibrate(pruned);
    ClassifyTask candidate(pruned, meta, {});
    return accuracy(candidate, unseen->batches());
  };
  return data;
}

}  // namespace espalier
