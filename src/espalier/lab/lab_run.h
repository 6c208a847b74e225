// One run of an experiment: trained where it stands, and scored on the test split.
//
//   TrainOutcome outcome = train_in(recipe, out / "runs" / name);
//   double accuracy = test_accuracy(out / "runs" / name, recipe);
#pragma once

#include "espalier/train/classify_recipe.h"

namespace espalier {

// The run in `folder`, begun or gone on with. Errors as train_classifier().
TrainOutcome train_in(const ClassifyRecipe& recipe, const fs::path& folder);

// Of the run's model. Throws Error(data) when the data have no test pictures.
double test_accuracy(const fs::path& run, const ClassifyRecipe& recipe);

}  // namespace espalier
