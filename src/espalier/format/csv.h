// Comma-separated tables (RFC 4180): a header line and rows of as many cells.
//
//   CsvTable table = parse_csv(bytes);
//   table.header -> {"path", "label"};   table.rows[0].line -> 2
//
// Cells may be quoted, with "" for a quote and line breaks inside; lines end in \n or \r\n; blank
// lines are left out; a byte order mark is skipped. The separator is whichever of comma, tab and
// semicolon stands most often in the header, a comma when none does. Text is UTF-8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace espalier {

struct CsvRow {
  int64_t line = 0;  // on which it begins, from 1
  std::vector<std::string> cells;
};

struct CsvTable {
  std::vector<std::string> header;
  std::vector<CsvRow> rows;  // each of header.size() cells
};

// Throws Error(format) naming the line: no header, a quote that is not closed or followed by text, a row of
// another number of cells, text that is not UTF-8.
CsvTable parse_csv(std::string_view bytes);

// A cell as it is written between commas, quoted where needed.
std::string csv_text(std::string_view text);

}  // namespace espalier
