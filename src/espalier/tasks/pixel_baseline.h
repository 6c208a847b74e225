// The honest floor: what a linear model on the raw pixels reaches. A network that does not beat it has learnt nothing
// that needed one.
#pragma once

#include "espalier/data/loader.h"

namespace espalier {

// Multinomial logistic regression on the pixels of at most `limit` training images, by AdamW over mini-batches, weight
// decay chosen on `val`; returns the accuracy on `test`. All images pass through `transform` (one common size).
double pixel_baseline_accuracy(const DatasetPtr& train,
                               const DatasetPtr& val,
                               const DatasetPtr& test,
                               const Transform& transform,
                               int64_t limit = 10000);

}  // namespace espalier
