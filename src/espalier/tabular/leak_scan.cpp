#include "espalier/tabular/leak_scan.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include "espalier/core/names.h"
#include "espalier/tabular/capacity.h"

namespace espalier {
namespace {

constexpr size_t kListed = 5, kSuspected = 2, kTellingColumns = 3;
constexpr int64_t kForestTrees = 30, kLeastToNumber = 20;
constexpr double kFilled = 4;

using Counts = std::unordered_map<std::string, int64_t>;

std::string bytes_of(const LabelledRows& rows, int64_t row, int64_t begin, int64_t end) {
  return std::string(reinterpret_cast<const char*>(rows.x.row(row) + begin),
                     static_cast<size_t>(end - begin) * sizeof(double));
}

std::string target_bytes(const LabelledRows& rows, int64_t row) {
  const auto at = static_cast<size_t>(row);
  return rows.goal == Goal::classify
             ? std::string(reinterpret_cast<const char*>(&rows.labels[at]), sizeof(int32_t))
             : std::string(reinterpret_cast<const char*>(&rows.targets[at]), sizeof(double));
}

// The chance that two of them are equal.
double collision(const Counts& counts) {
  double all = 0, sum = 0;
  for (const auto& [value, count] : counts) all += static_cast<double>(count);
  for (const auto& [value, count] : counts)
    sum += static_cast<double>(count) * static_cast<double>(count) / (all * all);
  return sum;
}

// Of a row with one of the training rows, by chance; copies count once.
double chance_of_a_copy(const LabelledRows& train, const std::vector<ColumnGroup>& columns) {
  Rows different;
  Counts met;
  for (int64_t r = 0; r < train.count(); ++r)
    if (met[bytes_of(train, r, 0, train.x.columns) + target_bytes(train, r)]++ == 0)
      different.push_back(r);
  std::vector<double> chances;
  for (const ColumnGroup& group : columns) {
    Counts counts;
    for (const int64_t r : different) ++counts[bytes_of(train, r, group.begin, group.end)];
    chances.push_back(collision(counts));
  }
  std::sort(chances.begin(), chances.end());
  Counts targets;
  for (const int64_t r : different) ++targets[target_bytes(train, r)];
  double chance = static_cast<double>(train.count()) * collision(targets);
  for (size_t i = 0; i < std::min(chances.size(), kTellingColumns); ++i) chance *= chances[i];
  return std::min(1.0, chance);
}

bool numbers_the_rows(const LabelledRows& rows, const ColumnGroup& group) {
  if (group.end - group.begin != 1 || rows.categories[static_cast<size_t>(group.begin)] != 0 ||
      rows.count() < kLeastToNumber)
    return false;
  std::vector<double> values;
  for (int64_t r = 0; r < rows.count(); ++r) {
    values.push_back(rows.x(r, group.begin));
    if (values.back() != std::floor(values.back())) return false;
  }
  const bool rises = std::is_sorted(values.begin(), values.end()),
             falls = std::is_sorted(values.rbegin(), values.rend());
  std::sort(values.begin(), values.end());
  if (std::adjacent_find(values.begin(), values.end()) != values.end()) return false;
  return rises || falls ||
         values.back() - values.front() <= kFilled * static_cast<double>(values.size());
}

MakeLearner small_tree() {
  return [] {
    std::unique_ptr<Learner> tree = find_named(learners(), "tree", "model").make();
    set_field(tree->options(), "max_depth", "8");
    set_field(tree->options(), "min_samples_leaf", "5");
    return tree;
  };
}

double score_by(const LabelledRows& rows,
                const std::vector<int64_t>& columns,
                const MakeLearner& make,
                const Folds& folds,
                Progress& progress) {
  const LabelledRows part = rows.with_columns(columns);
  return CrossFitter(part, folds, progress).run(make).mean_held_out();
}

}  // namespace

void scan_copies(const LabelledRows& train,
                 const LabelledRows& asked,
                 const std::vector<ColumnGroup>& columns,
                 const std::vector<double>& asked_losses,
                 LeakScan& scan) {
  Counts whole, bare;
  for (int64_t r = 0; r < train.count(); ++r) {
    const std::string bytes = bytes_of(train, r, 0, train.x.columns);
    ++bare[bytes];
    ++whole[bytes + target_bytes(train, r)];
  }
  const bool among_themselves = asked.count() == 0;
  const LabelledRows& rows = among_themselves ? train : asked;
  const int64_t self = among_themselves ? 1 : 0;
  scan.asked_rows = rows.count();
  double loss_copies = 0, loss_others = 0;
  for (int64_t r = 0; r < rows.count(); ++r) {
    const std::string bytes = bytes_of(rows, r, 0, rows.x.columns);
    const auto found = whole.find(bytes + target_bytes(rows, r));
    const int64_t same = found == whole.end() ? 0 : found->second;
    const auto alike = bare.find(bytes);
    scan.conflicts += alike != bare.end() && alike->second > same;
    const bool copy = same > self;
    scan.duplicates += copy;
    if (!asked_losses.empty())
      (copy ? loss_copies : loss_others) += asked_losses[static_cast<size_t>(r)];
  }
  scan.expected = static_cast<double>(rows.count()) * chance_of_a_copy(train, columns);
  const int64_t others = rows.count() - scan.duplicates;
  if (!asked_losses.empty() && scan.duplicates > 0)
    scan.score_duplicates = 1 - loss_copies / static_cast<double>(scan.duplicates);
  if (!asked_losses.empty() && others > 0)
    scan.score_others = 1 - loss_others / static_cast<double>(others);
}

void scan_columns(const LabelledRows& train,
                  const std::vector<ColumnGroup>& columns,
                  const Random& random,
                  Progress& progress,
                  LeakScan& scan) {
  const Folds folds = make_folds(train, 2, 1, random);
  const double chance = chance_score(train), unit = std::max(1e-9, 1 - chance);
  struct Told {
    size_t group;
    TellingColumn column;
  };
  std::vector<Told> told;
  for (size_t g = 0; g < columns.size(); ++g) {
    std::vector<int64_t> own(static_cast<size_t>(columns[g].end - columns[g].begin));
    std::iota(own.begin(), own.end(), columns[g].begin);
    told.push_back({g,
                    {.name = columns[g].name,
                     .alone = score_by(train, own, small_tree(), folds, progress),
                     .identifier = numbers_the_rows(train, columns[g])}});
  }
  std::stable_sort(told.begin(), told.end(),
                   [](const Told& a, const Told& b) { return a.column.alone > b.column.alone; });
  size_t looked = 0;
  for (Told& one : told) {
    const double skill = (one.column.alone - chance) / unit;
    const bool suspected =
        skill >= kAllTelling || (one.column.identifier && skill >= kTellingIdentifier);
    if (!suspected || columns.size() < 2 || looked == kSuspected) continue;
    ++looked;
    std::vector<int64_t> rest;
    for (int64_t c = 0; c < train.x.columns; ++c)
      if (c < columns[one.group].begin || c >= columns[one.group].end) rest.push_back(c);
    one.column.without = score_by(train, rest, plain_forest(kForestTrees), folds, progress);
  }
  for (const Told& one : told)
    if (scan.columns.size() < kListed || one.column.without) scan.columns.push_back(one.column);
}

}  // namespace espalier
