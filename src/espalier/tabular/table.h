// A table of typed, named columns, read from CSV.
//
//   Table table = read_table("penguins.csv");
//   const Column& species = table.at("species");       // words, and a code for each row
//   const Column& mass = table.at("body_mass_g");      // numbers, NaN where one is missing
//
// Types are found by looking at all cells that are not missing: numbers when every one is a number, boolean when every
// one is true or false (in any case), else words: a category when words repeat, text when hardly any does (more than 1000
// different ones, or more than 20 and more than half as many as rows).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "espalier/core/fields.h"
#include "espalier/core/files.h"

namespace espalier {

class CsvReader;

enum class ColumnKind { number, boolean, category, text };
std::string_view kind_name(ColumnKind kind);

struct ColumnType {
  std::string name;
  ColumnKind kind = ColumnKind::number;
  bool operator==(const ColumnType&) const = default;
};

struct Column {
  std::string name;
  ColumnKind kind = ColumnKind::number;
  std::vector<double> numbers;     // number, boolean (0 or 1): one a row, NaN where missing
  std::vector<int32_t> codes;      // category, text: place in `words`, -1 where missing
  std::vector<std::string> words;  // each once, in the order of their bytes
  int64_t missing = 0;             // cells

  bool is_numeric() const { return kind == ColumnKind::number || kind == ColumnKind::boolean; }
};

struct Table {
  std::vector<Column> columns;
  std::vector<int64_t> lines;  // on which each row begins in its file, from 1

  int64_t rows() const { return static_cast<int64_t>(lines.size()); }
  const Column* find(std::string_view name) const;
  const Column& at(std::string_view name) const;  // throws Error(data) naming the nearest
};

struct TableConfig {
  bool header = true;          // else columns are called column1, column2, ...
  std::string separator = "";  // one character; empty: found in the first line
  // Cells that say that nothing is known, beside the empty one; blanks around a cell are not looked at.
  std::vector<std::string> missing = {"NA",   "N/A", "n/a", "#N/A", "<NA>", "NULL",
                                      "null", "NaN", "nan", "None", "?"};
  std::vector<std::string> categories = {};  // columns whose numbers are names
};
Fields fields(TableConfig& config);

// Of the whole file, gzip or plain. Throws Error(io | format | data) naming file, line and column: what CsvReader
// refuses, rows of another number of cells than the first, a name twice, no header, more than 2^31 rows. A column without a
// name gets column<n>. With `wanted`, these columns alone, in this order and of these types: Error(data) when one is
// missing or a cell of a numeric one is no number.
Table read_table(const fs::path& path,
                 const TableConfig& config = {},
                 const std::vector<ColumnType>& wanted = {});
Table parse_table(std::string_view bytes,
                  const TableConfig& config = {},
                  const std::vector<ColumnType>& wanted = {});

// A table of known types in blocks of rows, for what does not fit into memory. `words` of a block are its own.
class TableBlocks {
 public:
  TableBlocks(const fs::path& path, const TableConfig& config, std::vector<ColumnType> wanted);
  ~TableBlocks();
  // Up to `most` rows into `block`; false at the end.
  bool next(Table& block, int64_t most);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace espalier
