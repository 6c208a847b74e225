// Training an image classifier from start to finish: data, network, loop, and the record of the run.
//
//   ClassifyRecipe recipe{.data = "photos/", .model = "resnet18"};
//   RunFolder run = RunFolder::create("runs/mine", false);
//   TrainOutcome outcome = train_classifier(recipe, run, /*resume=*/false);
#pragma once

#include <string>
#include <vector>

#include "espalier/data/recipe.h"
#include "espalier/data/splits.h"
#include "espalier/tasks/linear_probe.h"
#include "espalier/tasks/method.h"
#include "espalier/train/loop.h"

namespace espalier {

struct ClassifyRecipe {
  std::string data = "orchard";
  std::string model = "resnet20";
  std::string weights;  // file or folder of pretrained weights (models/weights.h); "" for none
  // Of each channel; empty: as the weights want them, else the usual ones.
  std::vector<double> mean, std;
  SplitConfig split;
  AugmentConfig augment;
  ClassifyConfig task;
  MethodConfig method;
  ProbeConfig probe;
  TrainConfig train;
};
Fields fields(ClassifyRecipe& recipe);

// The side of the square that networks see: recipe.augment.size, else the side of small square pictures as they are
// (up to 96 pixels), else the size of the model's published figures.
int64_t input_side(const ClassifyRecipe& recipe, const Splits& splits);

// Writes config.toml, the loop's files and summary.json into `run`; the test split is not touched. Errors as in train().
TrainOutcome train_classifier(const ClassifyRecipe& recipe, RunFolder& run, bool resume);

// Shuffled and augmented as the recipe says, for networks of this side. Throws Error(usage) for a batch
// that the method cannot divide.
Loader training_loader(const ClassifyRecipe& recipe, const DatasetPtr& data, int64_t side);

// A loader over `data` as the model wants to see it, in order.
Loader evaluation_loader(const DatasetPtr& data,
                         const ModelMeta& meta,
                         int64_t batch,
                         int64_t workers);

}  // namespace espalier
