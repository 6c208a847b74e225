// One column of a table while it grows cell by cell; read_table() is made of these.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "espalier/tabular/table.h"

namespace espalier {

// Different words and their numbers, by open addressing.
class WordTable {
 public:
  int32_t code_of(std::string_view word);  // the number of words so far for a new one
  const std::deque<std::string>& words() const { return words_; }

 private:
  struct Slot {
    uint64_t hash = 0;
    const std::string* word = nullptr;
    int32_t code = -1;
  };
  void grow();

  std::vector<Slot> slots_;
  std::deque<std::string> words_;
};

class MissingWords {
 public:
  explicit MissingWords(const std::vector<std::string>& words);
  bool has(std::string_view cell) const {
    return cell.empty() || (first_[static_cast<unsigned char>(cell[0])] && is_listed(cell));
  }

 private:
  bool is_listed(std::string_view cell) const;

  std::vector<std::string> words_;
  bool first_[256] = {};  // bytes with which a word begins
};

class ColumnBuilder {
 public:
  // `found`: the type is found out; else it is type.kind, and a cell that does not fit is an error.
  ColumnBuilder(ColumnType type, bool found, const MissingWords& missing);

  void add(std::string_view cell);  // throws Error(data)
  void expect(int64_t rows);        // so many in all, about
  // Numbers came first and then a word: what came before is gone, and the column has to be read again, as words.
  bool lost() const { return lost_; }
  Column take();

 private:
  void add_boolean(std::string_view cell);
  void add_word(std::string_view cell);
  void refuse_number(std::string_view cell);
  void find_kind();

  ColumnType type_;
  bool found_, as_numbers_, lost_ = false;
  const MissingWords* missing_words_;
  Column column_;
  WordTable words_;
  std::string last_word_;
  int32_t last_code_ = -1;
};

}  // namespace espalier
