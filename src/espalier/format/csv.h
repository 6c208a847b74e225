// Comma-separated tables (RFC 4180), row by row or whole.
//
//   CsvReader reader(open_bytes("rows.csv.gz"));
//   std::vector<std::string_view> cells;
//   while (reader.next(cells)) use(reader.line(), cells);
//
//   CsvTable table = parse_csv(bytes);     // a header line and rows of as many cells
//   table.header -> {"path", "label"};   table.rows[0].line -> 2
//
// Cells may be quoted, with "" for a quote and line breaks inside; a quote inside a cell that begins without one is a
// character like others. Lines end in \n or \r\n; blank lines are left out; a byte order mark is skipped. The separator
// is whichever of comma, tab and semicolon stands most often in the first line, a comma when none does. Text is UTF-8.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "espalier/format/byte_source.h"

namespace espalier {

class CsvReader {
 public:
  // separator 0: found in the first line.
  explicit CsvReader(std::unique_ptr<ByteSource> source, char separator = '\0');

  // The cells of the next row, valid until the next call; false at the end. Throws Error(format) naming the line: a
  // quote that is not closed or followed by text, a row of more than 256 MiB, text that is not UTF-8.
  bool next(std::vector<std::string_view>& cells);

  int64_t line() const { return row_line_; }  // on which that row begins, from 1
  char separator() const { return separator_; }
  // Bytes of the rows so far, and of all: 0 when that is not known.
  uint64_t bytes_done() const { return read_ - static_cast<uint64_t>(end_ - at_); }
  uint64_t bytes_all() const { return source_->size(); }

 private:
  struct Unescaped {
    size_t cell, offset, length;  // of unescaped_
  };
  enum class Found { row, end, more };

  void begin();
  void fill();
  void look(const char* block);
  void look_from(const char* at);
  void pass_over(const char* from, const char* to);
  const char* next_stop();
  Found scan(std::vector<std::string_view>& cells);
  const char* scan_quoted(const char* at, std::vector<std::string_view>& cells);
  void check_text(const std::vector<std::string_view>& cells) const;

  std::unique_ptr<ByteSource> source_;
  char separator_;
  std::vector<char> buffer_;
  const char* at_ = nullptr;   // where the next row begins
  const char* end_ = nullptr;  // of what was read
  uint64_t read_ = 0;          // bytes
  bool begun_ = false, all_read_ = false;
  int64_t line_ = 1, row_line_ = 0;
  // The 64 bytes from block_ on: one bit a byte.
  const char* block_ = nullptr;
  uint64_t stops_ = 0;     // separators and line ends that are still to come
  uint64_t high_ = 0;      // bytes that are not ASCII
  bool row_high_ = false;  // the row may have such
  std::string_view row_bytes_;
  std::string unescaped_;  // cells that had "" in them
  std::vector<Unescaped> unescaped_cells_;
};

struct CsvRow {
  int64_t line = 0;  // on which it begins, from 1
  std::vector<std::string> cells;
};

struct CsvTable {
  std::vector<std::string> header;
  std::vector<CsvRow> rows;  // each of header.size() cells
};

// Throws Error(format) naming the line: what CsvReader refuses, no header, a row of another number of cells.
CsvTable parse_csv(std::string_view bytes);

// A cell as it is written between commas, quoted where needed.
std::string csv_text(std::string_view text);

}  // namespace espalier
