// The area under ROC curves when there are more than two classes: each class against the others.
//
//   double auc = roc_auc_one_vs_rest({.truth = labels, .score = probabilities, .classes = 10});
#pragma once

#include "espalier/metrics/class_samples.h"
#include "espalier/metrics/confusion_matrix.h"

namespace espalier {

// Each class against all others by its own score; macro: the mean over classes, weighted: by their truths, micro: of all
// pairs of sample and class as one question. Over the classes that occur and are not alone; scikit-learn refuses
// others. Error(data) when none is left.
double roc_auc_one_vs_rest(const ClassSamples& samples, Averaging averaging = Averaging::macro);

// Each pair of classes that occur, in both directions, among their samples alone (Hand and Till, "A simple
// generalisation of the area under the ROC curve", Machine Learning 45, 2001); weighted: by the samples of the pair.
// There is no micro: Error(usage).
double roc_auc_one_vs_one(const ClassSamples& samples, Averaging averaging = Averaging::macro);

}  // namespace espalier
