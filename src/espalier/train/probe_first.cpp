#include "espalier/train/probe_first.h"

#include <nlohmann/json.hpp>

#include "espalier/core/progress.h"
#include "espalier/tensor/torch.h"

namespace espalier {

bool begins_with_probe(const ClassifyRecipe& recipe, ImageModel& model) {
  return recipe.probe.probe ||
         (recipe.probe.probe_first && !recipe.weights.empty() && can_be_probed(model));
}

LinearProbe probe_first(ClassifyTask& task,
                        const ClassifyRecipe& recipe,
                        const Splits& splits,
                        const RunFolder& run) {
  auto loader = [&](const DatasetPtr& data) {
    return evaluation_loader(data, task.meta(), recipe.train.batch, recipe.train.workers);
  };
  Loader train = loader(splits.train);
  std::optional<Loader> val;
  if (splits.val && splits.val->size() > 0) val.emplace(loader(splits.val));
  LinearProbe probe = fit_probe(task, train, val ? &*val : nullptr, recipe.probe);
  say(probe.text());
  write_file_atomic(run / "probe.json", to_json(probe).dump(2) + "\n");
  return probe;
}

TrainOutcome end_with_probe(ClassifyTask& task, const LinearProbe& probe, const RunFolder& run) {
  put_into_head(task.model(), probe);
  task.save(run.path());
  return {.seconds = probe.seconds,
          .best = probe.validation,
          .failures = static_cast<int64_t>(probe.failures.size()),
          .failed = probe.failures};
}

}  // namespace espalier
