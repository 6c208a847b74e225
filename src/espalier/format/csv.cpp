#include "espalier/format/csv.h"

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "espalier/core/error.h"
#include "espalier/core/utf8.h"

namespace espalier {
namespace {

constexpr size_t kBlock = 64;
constexpr size_t kBuffer = size_t{1} << 19;
constexpr size_t kMostRow = size_t{1} << 28;

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

struct BlockBits {
  uint64_t stops = 0, high = 0;
};

BlockBits bits_of(const char* block, char separator) {
  BlockBits bits;
#if defined(__SSE2__)
  const __m128i separators = _mm_set1_epi8(separator), ends = _mm_set1_epi8('\n');
  for (int i = 0; i < 4; ++i) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + 16 * i));
    const __m128i stop =
        _mm_or_si128(_mm_cmpeq_epi8(bytes, separators), _mm_cmpeq_epi8(bytes, ends));
    bits.stops |= uint64_t{static_cast<uint16_t>(_mm_movemask_epi8(stop))} << (16 * i);
    bits.high |= uint64_t{static_cast<uint16_t>(_mm_movemask_epi8(bytes))} << (16 * i);
  }
#else
  for (size_t i = 0; i < kBlock; ++i) {
    bits.stops |= uint64_t{block[i] == separator || block[i] == '\n'} << i;
    bits.high |= uint64_t{static_cast<unsigned char>(block[i]) >= 0x80} << i;
  }
#endif
  return bits;
}

}  // namespace

CsvReader::CsvReader(std::unique_ptr<ByteSource> source, char separator)
    : source_(std::move(source)), separator_(separator), buffer_(kBuffer + kBlock) {
  at_ = end_ = buffer_.data();
}

bool CsvReader::next(std::vector<std::string_view>& cells) {
  if (!begun_) begin();
  for (;;) {
    switch (scan(cells)) {
      case Found::row:
        if (row_high_) check_text(cells);
        return true;
      case Found::end:
        return false;
      case Found::more:
        fill();
    }
  }
}

void CsvReader::begin() {
  begun_ = true;
  fill();
  const std::string_view bytes(at_, static_cast<size_t>(end_ - at_));
  if (bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff"))
    fail(Kind::format, "the table is UTF-16; save it as UTF-8");
  if (bytes.starts_with("\xef\xbb\xbf")) at_ += 3;
  if (separator_ == '\0') separator_ = separator_of({at_, static_cast<size_t>(end_ - at_)});
  look_from(at_);
}

// Moves what is left of the last row to the front and reads on behind it, until the buffer is full.
void CsvReader::fill() {
  const size_t left = static_cast<size_t>(end_ - at_);
  if (left + kBlock >= buffer_.size() && buffer_.size() >= kMostRow)
    fail(Kind::format, "line {}: the row is longer than 256 MiB; is a quote not closed?", line_);
  std::memmove(buffer_.data(), at_, left);
  if (left > buffer_.size() / 2) buffer_.resize(2 * buffer_.size());
  size_t filled = left;
  while (!all_read_ && filled < buffer_.size() - kBlock) {
    const size_t got = source_->read(buffer_.data() + filled, buffer_.size() - kBlock - filled);
    all_read_ = got == 0;
    filled += got;
    read_ += got;
  }
  at_ = buffer_.data();
  end_ = at_ + filled;
  look_from(at_);
}

void CsvReader::look(const char* block) {
  const BlockBits bits = bits_of(block, separator_);
  block_ = block;
  stops_ = bits.stops;
  high_ = bits.high;
  row_high_ |= high_ != 0;
}

void CsvReader::look_from(const char* at) {
  const size_t offset = static_cast<size_t>(at - buffer_.data()) % kBlock;
  look(at - offset);
  stops_ &= ~uint64_t{0} << offset;
}

// Up to `to`, where the next stop is looked for.
inline void CsvReader::pass_over(const char* from, const char* to) {
  if (to < block_ + kBlock) {
    stops_ &= ~uint64_t{0} << (to - block_);
    return;
  }
  row_high_ |= std::any_of(from, to, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  look_from(to);
}

// The next separator or line end, end_ when there is none.
inline const char* CsvReader::next_stop() {
  while (stops_ == 0) {
    if (block_ + kBlock >= end_) return end_;
    look(block_ + kBlock);
  }
  const char* stop = block_ + std::countr_zero(stops_);
  stops_ &= stops_ - 1;
  return std::min(stop, end_);
}

CsvReader::Found CsvReader::scan(std::vector<std::string_view>& cells) {
  for (;;) {
    if (at_ == end_) return all_read_ ? Found::end : Found::more;
    cells.clear();
    unescaped_.clear();
    unescaped_cells_.clear();
    row_line_ = line_;
    row_high_ = high_ != 0;
    const char* at = at_;
    int64_t lines = 1;
    for (;;) {
      const char* stop;
      if (at < end_ && *at == '"') {
        stop = scan_quoted(at, cells);
        if (stop == nullptr) return Found::more;
        lines += std::count(at, stop, '\n');
        pass_over(at, stop);
        stop = next_stop();
      } else {
        stop = next_stop();
        cells.emplace_back(at, static_cast<size_t>(stop - at));
        if (stop < end_ && *stop == '\n' && cells.back().ends_with('\r'))
          cells.back().remove_suffix(1);
      }
      if (stop == end_ && !all_read_) return Found::more;
      at = std::min(stop + 1, end_);
      if (stop == end_ || *stop == '\n') break;
    }
    const bool blank = cells.size() == 1 && cells[0].empty() && *at_ != '"';
    row_bytes_ = {at_, static_cast<size_t>(at - at_)};
    at_ = at;
    line_ += lines;
    if (blank) continue;
    for (const Unescaped& u : unescaped_cells_)
      cells[u.cell] = std::string_view(unescaped_).substr(u.offset, u.length);
    return Found::row;
  }
}

// Behind the closing quote of the cell that begins at `at`: its separator or line end. Null when more bytes are needed.
const char* CsvReader::scan_quoted(const char* at, std::vector<std::string_view>& cells) {
  const size_t offset = unescaped_.size();
  const char* from = at + 1;
  const char* quote = from;
  for (bool escaped = false;; from = quote + 2, escaped = true) {
    quote = static_cast<const char*>(
        from < end_ ? std::memchr(from, '"', static_cast<size_t>(end_ - from)) : nullptr);
    if (quote == nullptr) {
      if (all_read_)
        fail(Kind::format, "line {}: the quote that begins here is not closed",
             line_ + std::count(at_, at, '\n'));
      return nullptr;
    }
    // What follows the quote decides, also whether "\r\n" does.
    if (!all_read_ && quote + 2 >= end_) return nullptr;
    if (quote + 1 < end_ && quote[1] == '"') {
      unescaped_.append(from, quote + 1);
      continue;
    }
    if (escaped) {
      unescaped_.append(from, quote);
      unescaped_cells_.push_back({cells.size(), offset, unescaped_.size() - offset});
      cells.emplace_back();
    } else {
      cells.emplace_back(from, static_cast<size_t>(quote - from));
    }
    const char* stop = quote + 1;
    if (stop + 1 < end_ && *stop == '\r' && stop[1] == '\n') ++stop;
    if (stop < end_ && *stop != separator_ && *stop != '\n')
      fail(Kind::format,
           "line {}: text follows a closing quote; a quote inside a quoted cell is written twice",
           line_ + std::count(at_, at, '\n'));
    return stop;
  }
}

void CsvReader::check_text(const std::vector<std::string_view>& cells) const {
  if (is_utf8(row_bytes_)) return;
  for (size_t c = 0; c < cells.size(); ++c)
    if (!is_utf8(cells[c]))
      fail(Kind::format, "line {}: the text is not UTF-8 (cell {}); save the table as UTF-8",
           row_line_, c + 1);
}

CsvTable parse_csv(std::string_view bytes) {
  CsvReader reader(bytes_in_memory(bytes));
  CsvTable table;
  std::vector<std::string_view> cells;
  if (!reader.next(cells)) fail(Kind::format, "the table is empty; expected a header line");
  table.header.assign(cells.begin(), cells.end());
  while (reader.next(cells)) {
    if (cells.size() != table.header.size())
      fail(Kind::format, "line {}: {} cells, but the header has {}", reader.line(), cells.size(),
           table.header.size());
    table.rows.push_back({reader.line(), {cells.begin(), cells.end()}});
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
