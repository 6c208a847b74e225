// How much a model can bend: other settings of the same model, simpler and more complex ones, and other models to
// compare with.
//
//   for (const LearnerSetting& setting : settings_around("tree", *learner, rows)) fitter.run(setting.make);
#pragma once

#include <string>
#include <vector>

#include "espalier/tabular/cross_fit.h"
#include "espalier/tabular/labelled_rows.h"

namespace espalier {

struct LearnerSetting {
  std::string
      name;  // "--max-depth 4": what to add to the command line; "a random forest (--model forest)"
  bool own = true, current = false;
  bool more_complex =
      false;  // than the current one; of other models not known before they are fitted
  MakeLearner make;
};

// `like`: of this row of learners(), with the options asked about, which is the one that is `current`. Own settings come
// one axis after the other, from simple to complex: depth and leaf size of trees and forests, number of trees,
// neighbours, penalties (those of linear regression relative to the spread of the columns), smoothing. Other models: a
// forest of 50 trees, and linear or logistic regression while it has at most 600 coefficients. `rows` are those of which
// `teach` teach at a time.
std::vector<LearnerSetting> settings_around(const std::string& model,
                                            Learner& like,
                                            const LabelledRows& rows,
                                            int64_t teach);

// A forest of so many trees with leaves of at least 2 rows.
MakeLearner plain_forest(int64_t trees);

}  // namespace espalier
