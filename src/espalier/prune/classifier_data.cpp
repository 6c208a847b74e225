#include "espalier/prune/classifier_data.h"

#include <memory>
#include <numeric>
#include <optional>

#include <fmt/format.h>

#include "espalier/core/error.h"
#include "espalier/core/interrupt.h"
#include "espalier/core/progress.h"
#include "espalier/core/random.h"
#include "espalier/data/subset.h"
#include "espalier/nn/norms.h"
#include "espalier/nn/recalibrate.h"
#include "espalier/tensor/torch.h"
#include "espalier/train/classify_recipe.h"

namespace espalier {
namespace {

constexpr int64_t kBatch = 64, kWorkers = 2;
constexpr double kSmoothing = 0.1;  // of labels, as MetaPruning's published code has it

// The first pictures of a data set in a fixed random order.
class KeptPictures {
 public:
  KeptPictures(DatasetPtr data, const ModelMeta& meta, int64_t most, std::string part)
      : data_(std::move(data)), meta_(meta), most_(most), part_(std::move(part)) {}

  const std::vector<Batch>& batches() {
    if (!batches_.empty()) return batches_;
    if (!data_ || data_->size() == 0)
      fail(Kind::data, "the data have no {} part to judge channels by", part_);
    std::vector<int64_t> order(static_cast<size_t>(data_->size()));
    std::iota(order.begin(), order.end(), int64_t{0});
    Random(0).stream(part_).shuffle(order);
    Loader loader = evaluation_loader(subset(data_, order), meta_, kBatch, kWorkers);
    loader.start_epoch(0);
    for (int64_t images = 0; images < most_;) {
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
  int64_t most_;
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
  return {
      field("images", config.images,
            "pictures of the training and of the validation part by which channels are judged")
          .between(2, 1e9),
      field("finalists", config.finalists,
            "of a search: so many of the best are judged again on more pictures, and the best "
            "of those is taken; 1: none is")
          .between(1, 1e6),
      field("final_images", config.final_images, "validation pictures for that").between(2, 1e9)};
}

PruneData classifier_data(ClassifyTask& task,
                          DatasetPtr train,
                          DatasetPtr held_out,
                          const JudgeConfig& config,
                          const ClassifyRecipe& training) {
  auto seen = std::make_shared<KeptPictures>(train, task.meta(), config.images, "training");
  auto unseen = std::make_shared<KeptPictures>(held_out, task.meta(), config.images, "validation");
  auto more =
      std::make_shared<KeptPictures>(held_out, task.meta(), config.final_images, "validation");
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
  using Score = std::function<double(const ImageModelPtr&)>;
  const auto accuracy_on = [&](const std::shared_ptr<KeptPictures>& pictures) -> Score {
    return [meta = task.meta(), pictures](const ImageModelPtr& pruned) {
      ClassifyTask candidate(pruned, meta, {});
      return accuracy(candidate, pictures->batches());
    };
  };
  const auto recalibrated = [&](const Score& as_it_is) -> Score {
    return [recalibrate = data.recalibrate, as_it_is](const ImageModelPtr& pruned) {
      recalibrate(pruned);
      return as_it_is(pruned);
    };
  };
  data.accuracy = accuracy_on(unseen);
  data.score = recalibrated(data.accuracy);
  data.finalists = config.finalists;
  data.final_score = recalibrated(accuracy_on(more));
  data.train = [training, train, side = task.meta().input_size](
                   int64_t epochs, const std::function<double(const Batch&, double)>& learn) {
    Loader loader = training_loader(training, train, side);
    const double steps = static_cast<double>(epochs * loader.batches());
    int64_t step = 0;
    torch::AutoGradMode with_gradients(true);
    for (int64_t epoch = 0; epoch < epochs; ++epoch) {
      Progress progress(fmt::format("weights of all widths, epoch {}/{}", epoch + 1, epochs),
                        loader.dataset().size(), "img");
      loader.start_epoch(epoch);
      while (std::optional<Batch> batch = loader.next()) {
        if (interrupted())
          fail(Kind::interrupted, "stopped; nothing of the weights of all widths is kept");
        if (batch->count > 1)
          progress.advance(
              batch->count,
              fmt::format("loss {:.3f}", learn(*batch, static_cast<double>(step) / steps)));
        ++step;
      }
    }
  };
  // Knows how pictures are prepared and what a loss is; its network is not asked.
  auto judge =
      std::make_shared<ClassifyTask>(ImageModelPtr(std::shared_ptr<void>(), &task.model()),
                                     task.meta(), ClassifyConfig{.label_smoothing = kSmoothing});
  data.logits = [judge](const ImageModelPtr& network, const Batch& batch) {
    return network->forward(judge->images_of(batch)).to(at::kFloat);
  };
  data.loss = [judge](const at::Tensor& logits, const Batch& batch) {
    return judge->class_losses(logits, batch).total;
  };
  return data;
}

}  // namespace espalier
