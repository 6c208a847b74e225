#include "espalier/lab/lab_run.h"

#include "espalier/core/error.h"
#include "espalier/tasks/open_classifier.h"

namespace espalier {

TrainOutcome train_in(const ClassifyRecipe& recipe, const fs::path& folder) {
  const bool there = fs::exists(folder / "config.toml");
  RunFolder run = there ? RunFolder::resume(folder) : RunFolder::create(folder, false);
  return train_classifier(recipe, run, there && run.has_state());
}

double test_accuracy(const fs::path& run, const ClassifyRecipe& recipe) {
  Splits splits = open_splits(recipe.data, recipe.split);
  if (!splits.test || splits.test->size() == 0)
    fail(Kind::data, "{} has no test pictures to compare on", recipe.data);
  std::unique_ptr<ClassifyTask> task = open_classifier(run);
  Loader loader = evaluation_loader(splits.test, task->meta(), 64, recipe.train.workers);
  Predictions found = predict_all(*task, loader, Precision::fp32, "test");
  return task->score(found.truth, found.predicted).at("accuracy").value;
}

}  // namespace espalier
