// The pictures by which methods judge the channels of a classifier.
//
//   PruneData data = classifier_data(task, splits.train, splits.val, {.images = 1000});
#pragma once

#include "espalier/core/fields.h"
#include "espalier/data/dataset.h"
#include "espalier/prune/method.h"
#include "espalier/tasks/classify.h"
#include "espalier/train/classify_recipe.h"

namespace espalier {

struct JudgeConfig {
  int64_t images = 1000;  // of the training and of the held-out part, at most
  // So many of the best that a search found are judged again, on more held-out pictures, and the best of those is
  // taken: the first place of many owes something to luck. 1: none is.
  int64_t finalists = 1;
  int64_t final_images = 10000;
};
Fields fields(JudgeConfig& config);

// Both parts are read when they are first needed, once, as `task` sees pictures in evaluation, and
// kept in memory as bytes; every candidate is judged on the same ones. What is trained on them sees
// them as `training` says. `task` must outlive what is
// returned. Asking without held-out pictures is Error(data).
PruneData classifier_data(ClassifyTask& task,
                          DatasetPtr train,
                          DatasetPtr held_out,
                          const JudgeConfig& config,
                          const ClassifyRecipe& training);

}  // namespace espalier
