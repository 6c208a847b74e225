#include "espalier/tabular/labelled_rows.h"

#include <algorithm>
#include <numeric>

namespace espalier {
namespace {

template <class T>
std::vector<T> picked(const std::vector<T>& values, std::span<const int64_t> rows) {
  std::vector<T> part;
  if (values.empty()) return part;
  part.reserve(rows.size());
  for (const int64_t row : rows) part.push_back(values[static_cast<size_t>(row)]);
  return part;
}

}  // namespace

Examples LabelledRows::examples() const {
  return {.goal = goal,
          .x = x.view(),
          .categories = categories,
          .labels = labels,
          .classes = classes,
          .targets = targets};
}

LabelledRows LabelledRows::at(std::span<const int64_t> rows) const {
  LabelledRows part{.goal = goal,
                    .x = Matrix<double>(static_cast<int64_t>(rows.size()), x.columns),
                    .categories = categories,
                    .labels = picked(labels, rows),
                    .classes = classes,
                    .targets = picked(targets, rows)};
  for (size_t i = 0; i < rows.size(); ++i)
    std::copy_n(x.row(rows[i]), x.columns, part.x.row(static_cast<int64_t>(i)));
  return part;
}

LabelledRows LabelledRows::with_columns(std::span<const int64_t> columns) const {
  LabelledRows part{.goal = goal,
                    .x = Matrix<double>(x.rows, static_cast<int64_t>(columns.size())),
                    .categories = picked(categories, columns),
                    .labels = labels,
                    .classes = classes,
                    .targets = targets};
  for (int64_t r = 0; r < x.rows; ++r)
    for (size_t c = 0; c < columns.size(); ++c)
      part.x(r, static_cast<int64_t>(c)) = x(r, columns[c]);
  return part;
}

LabelledRows labelled_rows(const Encoding& encoding, const Table& table) {
  LabelledRows rows{.goal = encoding.goal,
                    .x = encoding.encode(table),
                    .categories = encoding.categories(),
                    .classes = static_cast<int64_t>(encoding.classes.size())};
  if (encoding.goal == Goal::classify) rows.labels = encoding.labels(table);
  if (encoding.goal == Goal::regress) rows.targets = encoding.numbers(table);
  return rows;
}

LabelledRows joined(const LabelledRows& rows, const LabelledRows& more) {
  LabelledRows all = rows;
  all.x.rows += more.x.rows;
  all.x.values.insert(all.x.values.end(), more.x.values.begin(), more.x.values.end());
  all.labels.insert(all.labels.end(), more.labels.begin(), more.labels.end());
  all.targets.insert(all.targets.end(), more.targets.begin(), more.targets.end());
  return all;
}

double target_variance(const LabelledRows& rows) {
  if (rows.targets.empty()) return 1;
  const double n = static_cast<double>(rows.targets.size());
  const double mean = std::accumulate(rows.targets.begin(), rows.targets.end(), 0.0) / n;
  double sum = 0;
  for (const double target : rows.targets) sum += (target - mean) * (target - mean);
  return sum > 0 ? sum / n : 1;
}

std::vector<double> row_losses(const LabelledRows& truth,
                               const Matrix<double>& answers,
                               double variance) {
  std::vector<double> losses(static_cast<size_t>(truth.count()));
  for (size_t i = 0; i < losses.size(); ++i) {
    const double* row = answers.row(static_cast<int64_t>(i));
    if (truth.goal == Goal::regress) {
      const double error = truth.targets[i] - row[0];
      losses[i] = error * error / variance;
    } else {
      losses[i] = std::max_element(row, row + answers.columns) - row == truth.labels[i] ? 0 : 1;
    }
  }
  return losses;
}

double chance_score(const LabelledRows& rows) {
  if (rows.goal != Goal::classify || rows.labels.empty()) return 0;
  std::vector<int64_t> counts(static_cast<size_t>(rows.classes));
  for (const int32_t label : rows.labels) ++counts[static_cast<size_t>(label)];
  return static_cast<double>(*std::max_element(counts.begin(), counts.end())) /
         static_cast<double>(rows.labels.size());
}

}  // namespace espalier
