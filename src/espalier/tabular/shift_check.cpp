#include "espalier/tabular/shift_check.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "espalier/core/error.h"
#include "espalier/metrics/interval.h"
#include "espalier/metrics/roc.h"
#include "espalier/tabular/forest.h"
#include "espalier/tabular/hushed.h"
#include "espalier/tensor/runtime.h"

namespace espalier {
namespace {

constexpr int64_t kMostRows = 2000, kTrees = 50, kFolds = 5;
constexpr size_t kMostColumns = 5;

struct Told {
  double auc;
  Interval interval;
  std::vector<double> importance;  // of each column
};

Matrix<float> floats_at(const Matrix<float>& x, const Rows& rows) {
  Matrix<float> part(static_cast<int64_t>(rows.size()), x.columns);
  for (size_t i = 0; i < rows.size(); ++i)
    std::copy_n(x.row(rows[i]), x.columns, part.row(static_cast<int64_t>(i)));
  return part;
}

Told told_apart(const Matrix<float>& x, const std::vector<int32_t>& side, const Random& random) {
  const Hushed hushed;
  const std::vector<double> places = places_of(side, random);
  Told told{0, {}, std::vector<double>(static_cast<size_t>(x.columns))};
  std::vector<double> areas;
  for (int64_t fold = 0; fold < kFolds; ++fold) {
    const double width = 1.0 / kFolds, low = static_cast<double>(fold) * width;
    const SplitRows split = split_rows(places, low, fold + 1 == kFolds ? 2 : low + width);
    std::vector<int32_t> labels;
    for (const int64_t row : split.train) labels.push_back(side[static_cast<size_t>(row)]);
    const Forest forest = fit_forest({.tree = {.criterion = "gini", .min_samples_leaf = 3},
                                      .trees = kTrees,
                                      .out_of_bag = false,
                                      .threads = runtime_threads()},
                                     floats_at(x, split.train).view(), labels, 2);
    const Matrix<double> shares =
        forest.predict_proba(floats_at(x, split.held_out).view(), runtime_threads());
    std::vector<uint8_t> positive;
    std::vector<double> score;
    for (size_t i = 0; i < split.held_out.size(); ++i) {
      positive.push_back(side[static_cast<size_t>(split.held_out[i])] == 1);
      score.push_back(shares(static_cast<int64_t>(i), 1));
    }
    areas.push_back(roc_auc({.positive = positive, .score = score}));
    const std::vector<double> importance = forest.importance();
    for (size_t c = 0; c < importance.size(); ++c) told.importance[c] += importance[c] / kFolds;
  }
  told.auc = std::accumulate(areas.begin(), areas.end(), 0.0) / static_cast<double>(areas.size());
  told.interval = *mean_interval(areas);
  return told;
}

}  // namespace

ShiftCheck tell_apart(const LabelledRows& train,
                      const LabelledRows& asked,
                      const std::vector<ColumnGroup>& columns,
                      const Random& random) {
  const Rows here = drawn_rows(train.count(), kMostRows, random.stream("train")),
             there = drawn_rows(asked.count(), kMostRows, random.stream("asked"));
  Matrix<float> x(static_cast<int64_t>(here.size() + there.size()), train.x.columns);
  std::vector<int32_t> side;
  for (size_t i = 0; i < here.size() + there.size(); ++i) {
    const bool first = i < here.size();
    const double* from = first ? train.x.row(here[i]) : asked.x.row(there[i - here.size()]);
    std::copy_n(from, x.columns, x.row(static_cast<int64_t>(i)));
    side.push_back(first ? 0 : 1);
  }
  ShiftCheck check;
  check.train_rows = static_cast<int64_t>(here.size());
  check.asked_rows = static_cast<int64_t>(there.size());
  const Told told = told_apart(x, side, random.stream("folds"));
  check.auc = told.auc;
  check.interval = told.interval;
  for (const ColumnGroup& group : columns)
    check.columns.emplace_back(group.name,
                               std::accumulate(told.importance.begin() + group.begin,
                                               told.importance.begin() + group.end, 0.0));
  std::stable_sort(check.columns.begin(), check.columns.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  if (check.columns.size() > kMostColumns) check.columns.resize(kMostColumns);
  random.stream("control").shuffle(side);
  check.control = told_apart(x, side, random.stream("control folds")).auc;
  return check;
}

KindGain gain_of_own_kind(const LabelledRows& train,
                          const LabelledRows& asked,
                          const MakeLearner& make,
                          const Random& random) {
  const Hushed hushed;
  const double variance = target_variance(train), n = static_cast<double>(asked.count());
  const auto losses_after = [&](const LabelledRows& taught, const LabelledRows& held) {
    const std::unique_ptr<Learner> learner = make();
    learner->fit(taught.examples());
    return row_losses(held, learner->predict(held.x.view()), variance);
  };
  const Folds folds = make_folds(asked, kFolds, 1, random.stream("folds"));
  std::vector<double> by_train = losses_after(train, asked), alone(by_train.size()),
                      mixed(by_train.size());
  for (size_t f = 0; f < folds.splits.size(); ++f) {
    const SplitRows& split = folds.splits[f];
    const auto others = static_cast<int64_t>(split.train.size()),
               most = std::min(others, train.count()), place = std::min(others, train.count() / 2);
    const auto theirs = [&](int64_t count) {
      return asked.at({split.train.data(), static_cast<size_t>(count)});
    };
    const LabelledRows held = asked.at(split.held_out),
                       rest = train.at(
                           drawn_rows(train.count(), train.count() - place, random.stream(f)));
    const std::vector<double> first = losses_after(theirs(most), held),
                              second = losses_after(joined(rest, theirs(place)), held);
    for (size_t i = 0; i < first.size(); ++i) {
      alone[static_cast<size_t>(split.held_out[i])] = first[i];
      mixed[static_cast<size_t>(split.held_out[i])] = second[i];
    }
  }
  const auto total = [](const std::vector<double>& losses) {
    return std::accumulate(losses.begin(), losses.end(), 0.0);
  };
  const std::vector<double>& by_own = total(alone) < total(mixed) ? alone : mixed;
  std::vector<double> differences;
  for (size_t i = 0; i < by_own.size(); ++i) differences.push_back(by_train[i] - by_own[i]);
  return {1 - total(by_train) / n,
          1 - total(by_own) / n,
          {total(differences) / n, *mean_interval(differences)}};
}

}  // namespace espalier
