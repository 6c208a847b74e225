// Trains a classifier on a folder of class folders (or the built-in orchard) and scores it on pictures it never saw.
//   train_classifier [FOLDER] [RUN]
#include <cstdio>
#include <optional>

#include "espalier/core/error.h"
#include "espalier/metrics/classification.h"
#include "espalier/tasks/open_classifier.h"
#include "espalier/tensor/runtime.h"
#include "espalier/train/classify_recipe.h"

using namespace espalier;

int main(int count, char** words) try {
  start_runtime(/*threads=*/0);
  ClassifyRecipe recipe;
  recipe.data = count > 1 ? words[1] : "orchard:species,size=32,train=400,val=80,test=160";
  recipe.model = "resnet20";
  recipe.train.epochs = 3;
  recipe.train.batch = 32;

  RunFolder run = RunFolder::create(count > 2 ? words[2] : "runs/example", /*force=*/true);
  train_classifier(recipe, run, /*resume=*/false);

  // A fresh task from the files alone, as another program would open it.
  std::unique_ptr<ClassifyTask> task = open_classifier(run.path());
  Splits splits = open_splits(recipe.data, recipe.split);
  Loader test = evaluation_loader(splits.test, task->meta(), /*batch=*/64, /*workers=*/2);
  Predictions answers = predict_all(*task, test, Precision::fp32, "test");
  for (const Score& score : task->score(answers.truth, answers.predicted).items)
    std::printf("%-18s %.4f\n", score.name.c_str(), score.value);
  return 0;
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return exit_code(error.kind());
}
