#include "espalier/tabular/table_split.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace espalier {

Table part_of(const Table& table, const Rows& rows) {
  Table part;
  for (const int64_t row : rows) part.lines.push_back(table.lines[static_cast<size_t>(row)]);
  for (const Column& column : table.columns) {
    Column& to = part.columns.emplace_back();
    to.name = column.name;
    to.kind = column.kind;
    to.words = column.words;
    for (const int64_t row : rows) {
      const size_t at = static_cast<size_t>(row);
      if (column.is_numeric()) {
        to.numbers.push_back(column.numbers[at]);
        to.missing += std::isnan(column.numbers[at]);
      } else {
        to.codes.push_back(column.codes[at]);
        to.missing += column.codes[at] < 0;
      }
    }
  }
  return part;
}

std::vector<int32_t> strata(const Table& table, const std::string& target, Goal goal) {
  std::vector<int32_t> kinds(static_cast<size_t>(table.rows()), 0);
  if (goal == Goal::describe) return kinds;
  const Column& column = table.at(target);
  std::vector<double> values;
  if (column.is_numeric() && goal == Goal::classify) {
    values = column.numbers;
    std::sort(values.begin(), values.end());
  }
  for (size_t i = 0; i < kinds.size(); ++i) {
    if (!column.is_numeric())
      kinds[i] = column.codes[i];
    else if (std::isnan(column.numbers[i]))
      kinds[i] = -1;
    else if (goal == Goal::classify)
      kinds[i] = static_cast<int32_t>(
          std::lower_bound(values.begin(), values.end(), column.numbers[i]) - values.begin());
  }
  return kinds;
}

std::vector<double> places_of(const std::vector<int32_t>& kinds, Random random) {
  Rows order(kinds.size());
  std::iota(order.begin(), order.end(), 0);
  random.shuffle(order);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return kinds[static_cast<size_t>(a)] < kinds[static_cast<size_t>(b)];
  });
  std::vector<double> places(kinds.size());
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin;
    while (end < order.size() &&
           kinds[static_cast<size_t>(order[end])] == kinds[static_cast<size_t>(order[begin])])
      ++end;
    for (size_t i = begin; i < end; ++i)
      places[static_cast<size_t>(order[i])] =
          (static_cast<double>(i - begin) + 0.5) / static_cast<double>(end - begin);
    begin = end;
  }
  return places;
}

SplitRows split_rows(const std::vector<double>& places, double low, double high) {
  SplitRows split;
  for (size_t i = 0; i < places.size(); ++i)
    (places[i] >= low && places[i] < high ? split.held_out : split.train)
        .push_back(static_cast<int64_t>(i));
  return split;
}

Rows drawn_rows(int64_t count, int64_t most, Random random) {
  Rows rows(static_cast<size_t>(count));
  std::iota(rows.begin(), rows.end(), 0);
  if (count <= most) return rows;
  random.shuffle(rows);
  rows.resize(static_cast<size_t>(most));
  std::sort(rows.begin(), rows.end());
  return rows;
}

Table with_known_target(const Table& table, const std::string& target, Goal goal) {
  Rows known;
  const std::vector<int32_t> kinds = strata(table, target, goal);
  for (size_t i = 0; i < kinds.size(); ++i)
    if (kinds[i] >= 0) known.push_back(static_cast<int64_t>(i));
  return part_of(table, known);
}

}  // namespace espalier
