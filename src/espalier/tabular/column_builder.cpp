#include "espalier/tabular/column_builder.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "espalier/core/error.h"
#include "espalier/format/number_text.h"

namespace espalier {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
constexpr size_t kMostCategories = 1000, kAlwaysCategories = 20;

std::string_view trimmed(std::string_view cell) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!cell.empty() && blank(cell.front())) cell.remove_prefix(1);
  while (!cell.empty() && blank(cell.back())) cell.remove_suffix(1);
  return cell;
}

bool is_word(std::string_view cell, std::string_view lower) {
  return std::equal(cell.begin(), cell.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return (a | 0x20) == b; });
}

uint64_t hash_of(std::string_view word) {
  uint64_t hash = 0x9E3779B97F4A7C15U + word.size();
  for (size_t at = 0; at < word.size(); at += 8) {
    uint64_t piece = 0;
    std::memcpy(&piece, word.data() + at, std::min<size_t>(8, word.size() - at));
    hash = (hash ^ piece) * 0xD6E8FEB86659FD93U;
    hash ^= hash >> 32;
  }
  return hash;
}

}  // namespace

int32_t WordTable::code_of(std::string_view word) {
  if (2 * words_.size() >= slots_.size()) grow();
  const uint64_t hash = hash_of(word);
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    Slot& slot = slots_[at];
    if (slot.code < 0) {
      slot = {hash, &words_.emplace_back(word), static_cast<int32_t>(words_.size()) - 1};
      return slot.code;
    }
    if (slot.hash == hash && *slot.word == word) return slot.code;
  }
}

void WordTable::grow() {
  std::vector<Slot> old(std::max<size_t>(64, 2 * slots_.size()));
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.code < 0) continue;
    size_t at = slot.hash & (slots_.size() - 1);
    while (slots_[at].code >= 0) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = slot;
  }
}

MissingWords::MissingWords(const std::vector<std::string>& words) : words_(words) {
  for (const std::string& word : words_)
    if (!word.empty()) first_[static_cast<unsigned char>(word[0])] = true;
}

bool MissingWords::is_listed(std::string_view cell) const {
  return std::find(words_.begin(), words_.end(), cell) != words_.end();
}

ColumnBuilder::ColumnBuilder(ColumnType type, bool found, const MissingWords& missing)
    : type_(std::move(type)),
      found_(found),
      as_numbers_(type_.kind == ColumnKind::number || type_.kind == ColumnKind::boolean),
      missing_words_(&missing) {
  column_.name = type_.name;
  column_.kind = type_.kind;
}

void ColumnBuilder::add(std::string_view cell) {
  if (lost_) return;
  if (!cell.empty() && (cell.front() <= ' ' || cell.back() <= ' ')) cell = trimmed(cell);
  if (missing_words_->has(cell)) {
    ++column_.missing;
    if (as_numbers_)
      column_.numbers.push_back(kNothing);
    else
      column_.codes.push_back(-1);
    return;
  }
  if (!as_numbers_) return add_word(cell);
  double value = 0;
  if (read_number(cell, value)) {
    column_.missing += std::isnan(value);
    column_.numbers.push_back(value);
  } else if (type_.kind == ColumnKind::boolean) {
    add_boolean(cell);
  } else {
    refuse_number(cell);
  }
}

void ColumnBuilder::expect(int64_t rows) {
  if (as_numbers_)
    column_.numbers.reserve(static_cast<size_t>(rows));
  else if (!lost_)
    column_.codes.reserve(static_cast<size_t>(rows));
}

void ColumnBuilder::add_boolean(std::string_view cell) {
  const bool yes = is_word(cell, "true");
  if (!yes && !is_word(cell, "false"))
    fail(Kind::data, "column '{}': '{}' is not true or false", type_.name, cell);
  column_.numbers.push_back(yes);
}

void ColumnBuilder::add_word(std::string_view cell) {
  if (last_code_ < 0 || cell != last_word_) {
    last_code_ = words_.code_of(cell);
    last_word_ = cell;
  }
  column_.codes.push_back(last_code_);
}

void ColumnBuilder::refuse_number(std::string_view cell) {
  if (!found_) fail(Kind::data, "column '{}': '{}' is not a number", type_.name, cell);
  as_numbers_ = false;
  lost_ = column_.missing < static_cast<int64_t>(column_.numbers.size());
  if (!lost_) {
    column_.codes.assign(column_.numbers.size(), -1);
    add_word(cell);
  }
  column_.numbers = {};
}

Column ColumnBuilder::take() {
  if (!as_numbers_) {
    const std::deque<std::string>& words = words_.words();
    std::vector<int32_t> order(words.size()), place(words.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
      return words[static_cast<size_t>(a)] < words[static_cast<size_t>(b)];
    });
    column_.words.reserve(words.size());
    for (size_t i = 0; i < order.size(); ++i) {
      place[static_cast<size_t>(order[i])] = static_cast<int32_t>(i);
      column_.words.push_back(words[static_cast<size_t>(order[i])]);
    }
    for (int32_t& code : column_.codes)
      if (code >= 0) code = place[static_cast<size_t>(code)];
    if (found_) find_kind();
  }
  return std::move(column_);
}

void ColumnBuilder::find_kind() {
  std::vector<double> value_of;
  for (const std::string& word : column_.words)
    if (is_word(word, "true") || is_word(word, "false")) value_of.push_back(is_word(word, "true"));
  if (!value_of.empty() && value_of.size() == column_.words.size()) {
    column_.kind = ColumnKind::boolean;
    for (int32_t code : column_.codes)
      column_.numbers.push_back(code < 0 ? kNothing : value_of[static_cast<size_t>(code)]);
    column_.codes = {};
    column_.words = {};
    return;
  }
  const size_t different = column_.words.size();
  const bool text = different > kMostCategories ||
                    (different > kAlwaysCategories && 2 * different > column_.codes.size());
  column_.kind = text ? ColumnKind::text : ColumnKind::category;
}

}  // namespace espalier
