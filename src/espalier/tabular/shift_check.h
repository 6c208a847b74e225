// Whether the rows that a model is asked about are of the kind it learned from, and whether it matters.
//
//   ShiftCheck shift = check_shift(train, asked, columns, make, random);
#pragma once

#include <span>
#include <string>
#include <vector>

#include "espalier/metrics/diagnosis.h"
#include "espalier/tabular/cross_fit.h"

namespace espalier {

// Columns of the matrix that came from one column of the table.
struct ColumnGroup {
  std::string name;
  int64_t begin = 0, end = 0;
};

// Up to 2000 rows of either side, drawn by `random`, told apart by a forest of 50 trees in 5 folds; once more with the
// sides shuffled (`control`). The fields that speak of scores stay 0.
ShiftCheck tell_apart(const LabelledRows& train,
                      const LabelledRows& asked,
                      const std::vector<ColumnGroup>& columns,
                      const Random& random);

// What rows gain when a model learns from rows like them.
struct KindGain {
  double by_train = 0, by_own = 0;  // scores of the asked rows
  Gain gain;                        // by_own - by_train, mean of the rows
};

// Each asked row's loss by a model of all training rows, against that by models of asked rows of other folds: of these
// alone (at most as many as there are training rows), or of them in the place of as many training rows, at most half;
// whichever does better. Where nothing has shifted, the fewer rows do worse and the others the same; alone they show
// what a model too simple for both kinds at once would hide.
KindGain gain_of_own_kind(const LabelledRows& train,
                          const LabelledRows& asked,
                          const MakeLearner& make,
                          const Random& random);

}  // namespace espalier
