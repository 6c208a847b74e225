#include "espalier/tabular/cross_fit.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "espalier/core/error.h"
#include "espalier/core/interrupt.h"
#include "espalier/metrics/interval.h"
#include "espalier/tabular/hushed.h"

namespace espalier {
namespace {

double mean_of(const std::vector<double>& values) {
  return values.empty() ? 0
                        : std::accumulate(values.begin(), values.end(), 0.0) /
                              static_cast<double>(values.size());
}

std::vector<int32_t> kinds_of(const LabelledRows& rows) {
  return rows.goal == Goal::classify ? rows.labels
                                     : std::vector<int32_t>(static_cast<size_t>(rows.count()), 0);
}

// In an order whose beginnings hold each class in its share.
void spread(Rows& rows, const std::vector<int32_t>& kinds, const Random& random) {
  std::vector<int32_t> own;
  for (const int64_t row : rows) own.push_back(kinds[static_cast<size_t>(row)]);
  const std::vector<double> places = places_of(own, random);
  std::vector<size_t> order(rows.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return places[a] < places[b]; });
  Rows sorted;
  for (const size_t i : order) sorted.push_back(rows[i]);
  rows = std::move(sorted);
}

}  // namespace

Folds make_folds(const LabelledRows& rows, int64_t folds, int64_t repeats, const Random& random) {
  Folds made{folds, repeats, {}};
  const std::vector<int32_t> kinds = kinds_of(rows);
  for (int64_t repeat = 0; repeat < repeats; ++repeat) {
    const Random own = random.stream(static_cast<uint64_t>(repeat));
    const std::vector<double> places = places_of(kinds, own.stream("folds"));
    for (int64_t fold = 0; fold < folds; ++fold) {
      const double width = 1 / static_cast<double>(folds), low = static_cast<double>(fold) * width;
      SplitRows split = split_rows(places, low, fold + 1 == folds ? 2 : low + width);
      if (split.train.empty() || split.held_out.empty()) continue;
      spread(split.train, kinds, own.stream(static_cast<uint64_t>(fold)));
      made.splits.push_back(std::move(split));
    }
  }
  return made;
}

Folds make_folds_across(const LabelledRows& rows,
                        int64_t train_count,
                        int64_t folds,
                        const Random& random) {
  Folds made{folds, 1, {}};
  const std::vector<int32_t> kinds = kinds_of(rows);
  const std::vector<double> places = places_of(kinds, random.stream("folds"));
  for (int64_t fold = 0; fold < folds; ++fold) {
    const double width = 1 / static_cast<double>(folds), low = static_cast<double>(fold) * width;
    SplitRows split = split_rows(places, low, fold + 1 == folds ? 2 : low + width);
    std::erase_if(split.train, [&](int64_t row) { return row >= train_count; });
    std::erase_if(split.held_out, [&](int64_t row) { return row < train_count; });
    if (split.train.empty() || split.held_out.empty()) continue;
    spread(split.train, kinds, random.stream(static_cast<uint64_t>(fold)));
    made.splits.push_back(std::move(split));
  }
  return made;
}

double CrossFit::mean_train() const {
  return mean_of(train);
}
double CrossFit::mean_held_out() const {
  return mean_of(held_out);
}

CrossFitter::CrossFitter(const LabelledRows& rows, Folds folds, Progress& progress)
    : rows_(rows), folds_(std::move(folds)), variance_(target_variance(rows)), progress_(progress) {
  if (folds_.splits.empty()) fail(Kind::data, "too few rows to hold some out");
}

int64_t CrossFitter::train_rows(double share) const {
  return std::llround(share * static_cast<double>(folds_.splits[0].train.size()));
}

int64_t CrossFitter::cost(double share) const {
  return train_rows(share) * static_cast<int64_t>(folds_.splits.size());
}

double CrossFitter::held_share() const {
  return static_cast<double>(folds_.splits[0].held_out.size()) /
         static_cast<double>(folds_.splits[0].train.size());
}

CrossFit CrossFitter::run(const MakeLearner& make, double share, const LabelledRows* taught) const {
  CrossFit result;
  result.rows = train_rows(share);
  for (size_t s = 0; s < folds_.splits.size(); ++s) {
    if (interrupted()) fail(Kind::interrupted, "stopped");
    const SplitRows& split = folds_.splits[s];
    const auto most =
        static_cast<size_t>(std::llround(share * static_cast<double>(split.train.size())));
    const std::span<const int64_t> seen(split.train.data(), std::max<size_t>(1, most));
    const LabelledRows learned = (taught ? *taught : rows_).at(seen);
    const LabelledRows held = rows_.at(split.held_out);
    Matrix<double> answers, known;
    {
      const Hushed hushed;
      const std::unique_ptr<Learner> learner = make();
      learner->fit(learned.examples());
      answers = learner->predict(held.x.view());
      known = learner->predict(learned.x.view());
    }
    const std::vector<double> losses = row_losses(held, answers, variance_);
    result.train.push_back(1 - mean_of(row_losses(learned, known, variance_)));
    result.held_out.push_back(1 - mean_of(losses));
    if (s < static_cast<size_t>(folds_.folds)) {
      result.answered.insert(result.answered.end(), split.held_out.begin(), split.held_out.end());
      result.losses.insert(result.losses.end(), losses.begin(), losses.end());
      result.answers.columns = answers.columns;
      result.answers.rows += answers.rows;
      result.answers.values.insert(result.answers.values.end(), answers.values.begin(),
                                   answers.values.end());
    }
    progress_.advance(static_cast<int64_t>(seen.size()));
  }
  return result;
}

Interval split_interval(const std::vector<double>& scores, double held_share) {
  const double n = static_cast<double>(scores.size()), mean = mean_of(scores);
  if (scores.size() < 2) return {mean - 1, mean + 1};
  double squares = 0;
  for (const double score : scores) squares += (score - mean) * (score - mean);
  const double reach = student_t_975(static_cast<int64_t>(scores.size()) - 1) *
                       std::sqrt((1 / n + held_share) * squares / (n - 1));
  return {mean - reach, mean + reach};
}

Gain paired_gain(const std::vector<double>& a, const std::vector<double>& b, double held_share) {
  std::vector<double> differences;
  for (size_t i = 0; i < a.size(); ++i) differences.push_back(a[i] - b[i]);
  return {mean_of(differences), split_interval(differences, held_share)};
}

}  // namespace espalier
