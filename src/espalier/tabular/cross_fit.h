// Learning from a part of the rows and answering the others, over and over: folds, nested subsets of them, scores and
// answers of rows that a model did not see.
//
//   CrossFitter fitter(rows, make_folds(rows, /*folds=*/5, /*repeats=*/1, Random(seed)), progress);
//   CrossFit whole = fitter.run(make), half = fitter.run(make, 0.5);
//   Gain gain = paired_gain(whole.held_out, half.held_out, fitter.held_share());
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "espalier/core/progress.h"
#include "espalier/core/random.h"
#include "espalier/metrics/diagnosis.h"
#include "espalier/tabular/labelled_rows.h"
#include "espalier/tabular/table_split.h"

namespace espalier {

using MakeLearner = std::function<std::unique_ptr<Learner>()>;

struct Folds {
  int64_t folds = 0, repeats = 0;
  std::vector<SplitRows>
      splits;  // folds x repeats; in a random order in which each class is spread evenly
};

// Stratified by class. The held-out parts of a repeat hold every row once.
Folds make_folds(const LabelledRows& rows, int64_t folds, int64_t repeats, const Random& random);
// Learning from the first `train_count` rows, held out are parts of those behind them.
Folds make_folds_across(const LabelledRows& rows,
                        int64_t train_count,
                        int64_t folds,
                        const Random& random);

struct CrossFit {
  std::vector<double> train, held_out;  // score of each split
  std::vector<int64_t> answered;        // rows held out in the first repeat
  Matrix<double> answers;               // of these, by a model that did not see them
  std::vector<double> losses;           // of these
  int64_t rows = 0;                     // learned from in the first split

  double mean_train() const;
  double mean_held_out() const;
};

class CrossFitter {
 public:
  // `rows` must outlive it. Progress is told in rows learned from.
  CrossFitter(const LabelledRows& rows, Folds folds, Progress& progress);

  // `share` of each split's training rows: smaller ones are contained in larger ones. With `targets`, one a row as
  // labels or numbers, these are learned instead. Throws what fitting throws, Error(interrupted).
  CrossFit run(const MakeLearner& make,
               double share = 1,
               const LabelledRows* taught = nullptr) const;

  const LabelledRows& rows() const { return rows_; }
  const Folds& folds() const { return folds_; }
  // Rows learned from in the first split.
  int64_t train_rows(double share = 1) const;
  int64_t cost(double share = 1) const;  // rows learned from by one run
  // Held-out rows as a share of those learned from.
  double held_share() const;

 private:
  const LabelledRows& rows_;
  Folds folds_;
  double variance_;
  Progress& progress_;
};

// Mean and 95 % interval of a - b, paired by split. Splits share training rows, so the variance of the mean is taken as
// (1/J + held_share) s^2 rather than s^2/J (Nadeau and Bengio, "Inference for the generalization error", Machine
// Learning 52, 2003).
Gain paired_gain(const std::vector<double>& a, const std::vector<double>& b, double held_share);
// The same of one list.
Interval split_interval(const std::vector<double>& scores, double held_share);

}  // namespace espalier
