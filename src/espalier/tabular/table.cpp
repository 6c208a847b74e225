#include "espalier/tabular/table.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <unordered_map>

#include "espalier/core/error.h"
#include "espalier/core/names.h"
#include "espalier/format/csv.h"
#include "espalier/tabular/column_builder.h"

namespace espalier {
namespace {

using Source = std::unique_ptr<ByteSource>;
using Cells = std::vector<std::string_view>;
constexpr int64_t kRowsToJudge = 4096;  // by whose length the number of all is estimated
constexpr int64_t kMostRows = std::numeric_limits<int32_t>::max();

char separator_of(const std::string& text) {
  if (text == "\\t" || text == "tab") return '\t';
  if (text.size() > 1 || text == "\n" || text == "\"")
    fail(Kind::usage, "separator: '{}' is not one character", text);
  return text.empty() ? '\0' : text[0];
}

std::string names_of(const std::vector<std::string>& names) {
  std::string list;
  for (size_t i = 0; i < names.size() && i < 20; ++i) list += (i ? ", " : "") + names[i];
  return list + (names.size() > 20 ? ", ..." : "");
}

[[noreturn]] void no_column(std::string_view name, const std::vector<std::string>& names) {
  const std::string nearest = nearest_name(name, names);
  if (!nearest.empty())
    fail(Kind::data, "there is no column '{}' (did you mean '{}'?)", name, nearest);
  fail(Kind::data, "there is no column '{}'; the columns are {}", name, names_of(names));
}

void check_once(const std::vector<std::string>& names, int64_t line) {
  std::unordered_map<std::string_view, size_t> places;
  for (size_t i = 0; i < names.size(); ++i) {
    const auto [earlier, fresh] = places.emplace(names[i], i);
    if (!fresh)
      fail(Kind::data, "line {}: columns {} and {} are both called '{}'", line, earlier->second + 1,
           i + 1, names[i]);
  }
}

// The rows of a file, after its names.
class Rows {
 public:
  Rows(Source source, const TableConfig& config)
      : reader_(std::move(source), separator_of(config.separator)), again_(!config.header) {
    if (!reader_.next(cells_))
      fail(Kind::format, "the table is empty{}",
           config.header ? "; expected a line with the names of the columns" : "");
    for (size_t c = 0; c < cells_.size(); ++c) {
      const std::string number = fmt::format("column{}", c + 1);
      names_.push_back(config.header && !cells_[c].empty() ? std::string(cells_[c]) : number);
      if (names_.back().find('\r') != std::string::npos)
        fail(Kind::format, "line 1: lines end in \\r alone; save the table with \\n or \\r\\n");
    }
    check_once(names_, reader_.line());
  }

  const std::vector<std::string>& names() const { return names_; }
  int64_t line() const { return reader_.line(); }
  size_t place_of(const std::string& name) const {
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end()) no_column(name, names_);
    return static_cast<size_t>(found - names_.begin());
  }

  bool next() {
    if (again_) {
      again_ = false;  // the first row had no names in it
      return true;
    }
    if (!reader_.next(cells_)) return false;
    if (cells_.size() != names_.size())
      fail(Kind::data, "line {}: {} cells, but {} columns", line(), cells_.size(), names_.size());
    return true;
  }
  const Cells& cells() const { return cells_; }

  // About how many there are when these were the first `count`; 0 when nothing is known.
  int64_t expected(int64_t count) const {
    const double share = static_cast<double>(reader_.bytes_all()) /
                         static_cast<double>(std::max<uint64_t>(1, reader_.bytes_done()));
    return static_cast<int64_t>(1.02 * share * static_cast<double>(count));
  }

 private:
  CsvReader reader_;
  std::vector<std::string> names_;
  Cells cells_;
  bool again_;
};

struct PlacedBuilder {
  size_t cell;
  ColumnBuilder builder;
};

// Up to `most` rows. `lines` may be null.
int64_t add_rows(Rows& rows,
                 std::vector<PlacedBuilder>& columns,
                 std::vector<int64_t>* lines,
                 int64_t most) {
  int64_t count = 0;
  for (; count < most && rows.next(); ++count) {
    const Cells& cells = rows.cells();
    try {
      for (PlacedBuilder& column : columns) column.builder.add(cells[column.cell]);
    } catch (Error& error) {
      error.while_doing(fmt::format("line {}", rows.line()));
      throw;
    }
    if (lines) lines->push_back(rows.line());
    if (count == kRowsToJudge && lines && most == kMostRows)
      for (PlacedBuilder& column : columns) column.builder.expect(rows.expected(count));
  }
  return count;
}

std::vector<PlacedBuilder> builders_of(const Rows& rows,
                                       const std::vector<ColumnType>& wanted,
                                       const MissingWords& missing) {
  std::vector<PlacedBuilder> builders;
  for (const ColumnType& type : wanted)
    builders.push_back({rows.place_of(type.name), ColumnBuilder(type, false, missing)});
  return builders;
}

Table table_of(std::vector<PlacedBuilder>& builders, std::vector<int64_t> lines) {
  Table table{.columns = {}, .lines = std::move(lines)};
  for (PlacedBuilder& column : builders) table.columns.push_back(column.builder.take());
  return table;
}

// Types found out in one pass over the file; columns that began with numbers and went on with words take a second.
Table read_found(const std::function<Source()>& open, const TableConfig& config) {
  const MissingWords missing(config.missing);
  Rows rows(open(), config);
  std::vector<PlacedBuilder> builders;
  for (const std::string& name : config.categories) rows.place_of(name);
  for (size_t c = 0; c < rows.names().size(); ++c) {
    const std::string& name = rows.names()[c];
    const bool category = std::find(config.categories.begin(), config.categories.end(), name) !=
                          config.categories.end();
    const ColumnKind kind = category ? ColumnKind::category : ColumnKind::number;
    builders.push_back({c, ColumnBuilder({name, kind}, !category, missing)});
  }
  std::vector<int64_t> lines;
  if (add_rows(rows, builders, &lines, kMostRows) == kMostRows)
    fail(Kind::unsupported, "more than {} rows", kMostRows);

  std::vector<PlacedBuilder> again;
  for (PlacedBuilder& column : builders)
    if (column.builder.lost())
      again.push_back({column.cell, ColumnBuilder({rows.names()[column.cell], ColumnKind::category},
                                                  true, missing)});
  if (!again.empty()) {
    Rows second(open(), config);
    if (second.names() != rows.names() ||
        add_rows(second, again, nullptr, kMostRows) != static_cast<int64_t>(lines.size()))
      fail(Kind::io, "the file changed while it was read");
  }
  for (PlacedBuilder& column : again) builders[column.cell] = std::move(column);
  return table_of(builders, std::move(lines));
}

Table read_from(const std::function<Source()>& open,
                const TableConfig& config,
                const std::vector<ColumnType>& wanted) {
  if (wanted.empty()) return read_found(open, config);
  const MissingWords missing(config.missing);
  Rows rows(open(), config);
  std::vector<PlacedBuilder> builders = builders_of(rows, wanted, missing);
  std::vector<int64_t> lines;
  add_rows(rows, builders, &lines, kMostRows);
  return table_of(builders, std::move(lines));
}

std::string reading(const fs::path& path) {
  return "reading " + path.string();
}

}  // namespace

std::string_view kind_name(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::number:
      return "number";
    case ColumnKind::boolean:
      return "boolean";
    case ColumnKind::category:
      return "category";
    case ColumnKind::text:
      return "text";
  }
  return "";
}

const Column* Table::find(std::string_view name) const {
  const auto found =
      std::find_if(columns.begin(), columns.end(), [&](const Column& c) { return c.name == name; });
  return found == columns.end() ? nullptr : &*found;
}

const Column& Table::at(std::string_view name) const {
  if (const Column* found = find(name)) return *found;
  std::vector<std::string> names;
  for (const Column& column : columns) names.push_back(column.name);
  no_column(name, names);
}

Fields fields(TableConfig& config) {
  return {field("header", config.header, "the first line holds the names of the columns"),
          field("separator", config.separator,
                "between cells, one character or tab; empty: found in the first line"),
          field("missing", config.missing, "cells that mean that nothing is known"),
          field("categories", config.categories, "columns whose numbers are names")};
}

Table read_table(const fs::path& path,
                 const TableConfig& config,
                 const std::vector<ColumnType>& wanted) {
  return with_context(reading(path),
                      [&] { return read_from([&] { return open_bytes(path); }, config, wanted); });
}

Table parse_table(std::string_view bytes,
                  const TableConfig& config,
                  const std::vector<ColumnType>& wanted) {
  return read_from([&] { return bytes_in_memory(bytes); }, config, wanted);
}

struct TableBlocks::State {
  State(const fs::path& file, const TableConfig& config, std::vector<ColumnType> types)
      : path(file),
        wanted(std::move(types)),
        missing(config.missing),
        rows(open_bytes(file), config) {
    builders_of(rows, wanted, missing);  // so that a column that is not there is known at once
  }

  fs::path path;
  std::vector<ColumnType> wanted;
  MissingWords missing;
  Rows rows;
};

TableBlocks::TableBlocks(const fs::path& path,
                         const TableConfig& config,
                         std::vector<ColumnType> wanted)
    : state_(with_context(reading(path), [&] {
        return std::make_unique<State>(path, config, std::move(wanted));
      })) {}

TableBlocks::~TableBlocks() = default;

bool TableBlocks::next(Table& block, int64_t most) {
  return with_context(reading(state_->path), [&] {
    std::vector<PlacedBuilder> builders =
        builders_of(state_->rows, state_->wanted, state_->missing);
    std::vector<int64_t> lines;
    const int64_t count = add_rows(state_->rows, builders, &lines, most);
    block = table_of(builders, std::move(lines));
    return count > 0;
  });
}

}  // namespace espalier
