// Scores of parts (folds, seeds) as their means.
#pragma once

#include <vector>

#include "espalier/metrics/scores.h"

namespace espalier {

// The mean of each score that all parts have, with its 95 % interval (Student's t, from two parts on); in the order of
// the first. A score is missing in a part where it has no value, as an AUC without a sample of a class. Error(internal)
// for no parts.
Scores mean_scores(const std::vector<Scores>& parts);

}  // namespace espalier
