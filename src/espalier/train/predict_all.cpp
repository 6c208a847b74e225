#include "espalier/core/progress.h"
#include "espalier/tensor/torch.h"
#include "espalier/train/loop.h"

namespace espalier {

Predictions predict_all(Task& task, Loader& data, Precision precision, const std::string& what) {
  Predictions all;
  bool was_training = task.module().is_training();
  task.module().eval();
  Progress progress(what, data.dataset().size(), "img");
  data.start_epoch(0);
  while (std::optional<Batch> batch = data.next()) {
    all.failures.insert(all.failures.end(), batch->failures.begin(), batch->failures.end());
    if (batch->count == 0) continue;
    Autocast scope(precision);
    for (Annotation& predicted : task.predict(*batch))
      all.predicted.push_back(std::move(predicted));
    for (Annotation& truth : batch->truth) all.truth.push_back(std::move(truth));
    all.indices.insert(all.indices.end(), batch->indices.begin(), batch->indices.end());
    progress.advance(batch->count);
  }
  task.module().train(was_training);
  return all;
}

}  // namespace espalier
