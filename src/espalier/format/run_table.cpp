#include "espalier/format/run_table.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "espalier/core/error.h"
#include "espalier/format/csv.h"

namespace espalier {
namespace {

double parse_number(const std::string& text, const std::string& place) {
  double value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size())
    fail(Kind::format, "{}: '{}' is not a number", place, text);
  return value;
}

std::string line_of(const std::vector<std::string>& cells) {
  std::vector<std::string> texts;
  for (const std::string& cell : cells) texts.push_back(csv_text(cell));
  return fmt::format("{}\n", fmt::join(texts, ","));
}

}  // namespace

RunTable::RunTable(fs::path path, Key key_columns, Key value_columns)
    : path_(std::move(path)),
      key_columns_(std::move(key_columns)),
      value_columns_(std::move(value_columns)) {}

RunTable RunTable::open(const fs::path& path, const Key& key_columns, const Key& value_columns) {
  RunTable table(path, key_columns, value_columns);
  if (!fs::exists(path)) return table;
  const CsvTable csv = parse_csv(read_file(path));
  Key expected = key_columns;
  expected.insert(expected.end(), value_columns.begin(), value_columns.end());
  if (csv.header != expected)
    fail(Kind::format, "{}, line 1: columns {}, expected {}; another --out keeps the old results",
         path.string(), fmt::join(csv.header, ","), fmt::join(expected, ","));
  for (const CsvRow& row : csv.rows) {
    const std::string place = fmt::format("{}, line {}", path.string(), row.line);
    const auto split = row.cells.begin() + static_cast<std::ptrdiff_t>(key_columns.size());
    std::vector<double> values;
    for (auto cell = split; cell != row.cells.end(); ++cell)
      values.push_back(parse_number(*cell, place));
    const Key key(row.cells.begin(), split);
    if (table.has(key))
      fail(Kind::format, "{}: the run {} stands twice", place, fmt::join(key, " "));
    table.insert(key, values);
  }
  return table;
}

void RunTable::insert(const Key& key, const std::vector<double>& values) {
  if (key.size() != key_columns_.size() || values.size() != value_columns_.size() || has(key))
    fail(Kind::internal, "a run that does not fit its table");
  order_.push_back(key);
  rows_[key] = values;
}

void RunTable::add(const Key& key, const std::vector<double>& values) {
  insert(key, values);
  Key columns = key_columns_;
  columns.insert(columns.end(), value_columns_.begin(), value_columns_.end());
  std::string text = line_of(columns);
  for (const Key& row : order_) {
    Key cells = row;
    for (double value : rows_.at(row)) cells.push_back(fmt::format("{}", value));
    text += line_of(cells);
  }
  write_file_atomic(path_, text);
}

std::optional<double> RunTable::value(const Key& key, const std::string& column) const {
  const auto row = rows_.find(key);
  const auto place = std::find(value_columns_.begin(), value_columns_.end(), column);
  if (row == rows_.end() || place == value_columns_.end()) return {};
  return row->second[static_cast<size_t>(place - value_columns_.begin())];
}

}  // namespace espalier
