// Charts of a classifier's errors, each as a <figure> with inline SVG.
//
//   page.raw(confusion_chart(evaluation.confusion, evaluation.classes));
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "espalier/metrics/classification.h"

namespace espalier {

inline constexpr size_t kMostMatrixClasses = 120;  // more cannot be read
inline constexpr size_t kMostBeside = 14;          // more need the whole width

// Heat map of a confusion matrix [truth][predicted]: rights and mistakes in two hues, strength by
// the square root of the share of the row, so that rare mistakes still show. Counts stand in the
// cells while there is room. Throws Error(internal) unless there are 1 .. kMostMatrixClasses
// classes and the matrix is square.
std::string confusion_chart(const std::vector<std::vector<int64_t>>& confusion,
                            const std::vector<std::string>& classes);

// Accuracy over confidence with the gap of each bin, and below it where the confidences lie.
std::string reliability_chart(const std::vector<ReliabilityBin>& bins);

// A horizontal bar for one share with its interval, for a cell of a table; `reference` draws a tick
// (< 0: none).
std::string share_bar(double value, const Interval& interval, double reference = -1);

struct Mixup {
  size_t truth = 0, predicted = 0;
  int64_t count = 0;
  double share = 0;  // of the samples of the true class
};
// The `most` most frequent mistakes, by count and then by share.
std::vector<Mixup> frequent_mixups(const std::vector<std::vector<int64_t>>& confusion, size_t most);

}  // namespace espalier
