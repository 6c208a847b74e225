// Which labels, and which numbers, do not fit what the other rows say: from answers about rows by models that did not
// see them.
//
//   NoiseCheck noise = check_noise(rows, class_names, fit);     // the shares, and the rows that stand out most
#pragma once

#include "espalier/metrics/diagnosis.h"
#include "espalier/tabular/cross_fit.h"

namespace espalier {

// Classes: confident learning (Northcutt, Jiang and Chuang, "Confident learning: estimating uncertainty in dataset
// labels", JAIR 70, 2021): a row counts for class j when its probability of j is at least the mean of those that bear the
// label j, and of several such classes the most probable; a label other than that is suspect, and counts are scaled to the
// labels' own. Numbers: a row is an outlier when its error is over six times the deviation, estimated by the median error,
// of the rows with a similar answer. Suspects are the 20 that stand out most; their `line` is the number of the row here.
NoiseCheck check_noise(const LabelledRows& rows,
                       const std::vector<std::string>& classes,
                       const CrossFit& fit);

// Cross entropy of the answers in nats; 1 - score of numbers. What tells graded answers from sure and wrong ones.
double answer_loss(const LabelledRows& rows, const CrossFit& fit);

}  // namespace espalier
