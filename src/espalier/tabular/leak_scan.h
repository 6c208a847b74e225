// What makes a score better than it will be: rows that are asked about and learned from, a column that holds the answer.
//
//   LeakScan scan = scan_leaks(train, asked, columns, losses, random, progress);
#pragma once

#include <vector>

#include "espalier/core/progress.h"
#include "espalier/metrics/diagnosis.h"
#include "espalier/tabular/cross_fit.h"
#include "espalier/tabular/shift_check.h"

namespace espalier {

// Copies of rows: equal in all columns and the target. `asked_losses`: of the model asked about, on the asked rows; empty when
// it is not known. Without asked rows, the training rows are compared with each other. `expected` is what chance would
// give if the three columns with the most different values were independent of each other and all others said nothing.
void scan_copies(const LabelledRows& train,
                 const LabelledRows& asked,
                 const std::vector<ColumnGroup>& columns,
                 const std::vector<double>& asked_losses,
                 LeakScan& scan);

// Each column by itself: the score, in two folds, of a tree of depth 8 with leaves of at least 5 rows. For the most
// telling ones that might hold the answer, also that of a forest of all the others. A column numbers the rows when its
// values are whole, all different, and fill a range of at most four times their number, or rise (or fall) from row to row.
void scan_columns(const LabelledRows& train,
                  const std::vector<ColumnGroup>& columns,
                  const Random& random,
                  Progress& progress,
                  LeakScan& scan);

}  // namespace espalier
