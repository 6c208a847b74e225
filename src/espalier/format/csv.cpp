#include "espalier/format/csv.h"

#include <algorithm>

#include "espalier/core/error.h"
#include "espalier/core/utf8.h"

namespace espalier {
namespace {

// Counted outside of quotes.
char separator_of(std::string_view bytes) {
  size_t commas = 0, tabs = 0, semicolons = 0;
  bool quoted = false;
  for (char c : bytes) {
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '\n') break;
    commas += c == ',', tabs += c == '\t', semicolons += c == ';';
  }
  if (tabs > commas && tabs >= semicolons) return '\t';
  return semicolons > commas ? ';' : ',';
}

class CsvReader {
 public:
  explicit CsvReader(std::string_view bytes) : bytes_(bytes), separator_(separator_of(bytes)) {}

  // False at the end of the text.
  bool next(CsvRow& row) {
    while (at_ < bytes_.size() && skip_line_end()) {
    }
    if (at_ >= bytes_.size()) return false;
    row = {.line = line_, .cells = {}};
    with_context(fmt::format("line {}", line_), [&] {
      do row.cells.push_back(cell());
      while (skip_separator());
    });
    return true;
  }

 private:
  bool skip_line_end() {
    const std::string_view rest = bytes_.substr(at_, 2);
    const size_t length = rest == "\r\n" ? 2 : rest.starts_with('\n') ? 1 : 0;
    at_ += length;
    line_ += length > 0;
    return length > 0;
  }

  bool skip_separator() {
    if (at_ < bytes_.size() && bytes_[at_] == separator_) {
      ++at_;
      return true;
    }
    if (at_ < bytes_.size() && !skip_line_end())
      fail(Kind::format,
           "text follows a closing quote; a quote inside a quoted cell is written twice");
    return false;
  }

  std::string cell() {
    std::string text = bytes_.substr(at_, 1) == "\"" ? quoted() : plain();
    if (!is_utf8(text)) fail(Kind::format, "the text is not UTF-8; save the table as UTF-8");
    return text;
  }

  std::string plain() {
    const char stops[] = {separator_, '\n', '\0'};
    size_t end = std::min(bytes_.find_first_of(stops, at_), bytes_.size());
    std::string_view text = bytes_.substr(at_, end - at_);
    if (end < bytes_.size() && bytes_[end] == '\n' && text.ends_with('\r')) --end;
    text = bytes_.substr(at_, end - at_);
    at_ = end;
    return std::string(text);
  }

  std::string quoted() {
    std::string text;
    for (++at_; at_ < bytes_.size(); ++at_) {
      if (bytes_[at_] == '"' && bytes_.substr(at_ + 1, 1) != "\"") {
        ++at_;
        return text;
      }
      if (bytes_[at_] == '"') ++at_;
      line_ += bytes_[at_] == '\n';
      text += bytes_[at_];
    }
    fail(Kind::format, "the quote that begins here is not closed");
  }

  std::string_view bytes_;
  char separator_;
  size_t at_ = 0;
  int64_t line_ = 1;
};

}  // namespace

CsvTable parse_csv(std::string_view bytes) {
  if (bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff"))
    fail(Kind::format, "the table is UTF-16; save it as UTF-8");
  if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
  CsvReader reader(bytes);
  CsvTable table;
  CsvRow row;
  if (!reader.next(row)) fail(Kind::format, "the table is empty; expected a header line");
  table.header = std::move(row.cells);
  while (reader.next(row)) {
    if (row.cells.size() != table.header.size())
      fail(Kind::format, "line {}: {} cells, but the header has {}", row.line, row.cells.size(),
           table.header.size());
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string csv_text(std::string_view text) {
  if (text.find_first_of(",;\t\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

}  // namespace espalier
