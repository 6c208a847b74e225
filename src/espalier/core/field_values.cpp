#include "espalier/core/field_values.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/core/names.h"

namespace espalier {
namespace {

template <class Number>
Number parse_number(const Field& field, std::string_view text) {
  Number value{};
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size() || text.empty())
    fail(Kind::usage, "{}: expected {}, got '{}'", field.name,
         std::is_integral_v<Number> ? "a whole number" : "a number", text);
  return value;
}

bool is_utf8(const std::string& word) {
  try {
    nlohmann::json(word).dump();
    return true;
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

void check(const Field& field, double value) {
  if (!(value >= field.low && value <= field.high))
    fail(Kind::usage, "{}: {} is outside {} to {}", field.name, value, field.low, field.high);
}

void check(const Field& field, const std::string& word) {
  // Saved as TOML and JSON, which hold UTF-8 only.
  if (!is_utf8(word)) fail(Kind::usage, "{}: the word is not UTF-8 text", field.name);
  if (field.choices.empty()) return;
  for (const std::string& choice : field.choices)
    if (choice == word) return;
  throw Error(Kind::usage, field.name + ": " + unknown_name("word", word, field.choices));
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// The length of the item in front: up to the next comma, or the end. A comma inside quotes belongs to it.
size_t item_length(std::string_view text) {
  bool in_quotes = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (in_quotes && text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      in_quotes = !in_quotes;
    else if (text[i] == ',' && !in_quotes)
      return i;
  }
  return text.size();
}

std::vector<std::string_view> split_list(std::string_view text) {
  text = trimmed(text);
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']')
    text = trimmed(text.substr(1, text.size() - 2));
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    size_t length = item_length(text);
    parts.push_back(trimmed(text.substr(0, length)));
    text.remove_prefix(std::min(length + 1, text.size()));
  }
  return parts;
}

// One overload a type: text to value, with the field's limits checked.
void parse(const Field& field, std::string_view text, bool& value) {
  if (text == "true" || text == "yes" || text == "on" || text == "1")
    value = true;
  else if (text == "false" || text == "no" || text == "off" || text == "0")
    value = false;
  else
    fail(Kind::usage, "{}: expected true or false, got '{}'", field.name, text);
}
void parse(const Field& field, std::string_view text, int64_t& value) {
  int64_t number = parse_number<int64_t>(field, text);
  check(field, static_cast<double>(number));
  value = number;
}
void parse(const Field& field, std::string_view text, double& value) {
  double number = parse_number<double>(field, text);
  check(field, number);
  value = number;
}
void parse(const Field& field, std::string_view text, std::string& value) {
  std::string word(text);
  check(field, word);
  value = std::move(word);
}
// An item of a list may stand in quotes, as a word that holds a comma must.
void parse_item(const Field& field, std::string_view text, std::string& value) {
  if (text.empty() || text.front() != '"') return parse(field, text, value);
  auto word = nlohmann::json::parse(text, nullptr, false);
  if (!word.is_string()) fail(Kind::usage, "{}: the quotes of {} do not close", field.name, text);
  parse(field, word.get<std::string>(), value);
}
template <class T>
void parse_item(const Field& field, std::string_view text, T& value) {
  parse(field, text, value);
}
template <class T>
void parse(const Field& field, std::string_view text, std::vector<T>& value) {
  std::vector<T> items;
  for (std::string_view part : split_list(text)) parse_item(field, part, items.emplace_back());
  value = std::move(items);
}

// A value of the right type from JSON, to which TOML comes down too. `shown` is the value for the message.
[[noreturn]] void refuse(const Field& field, const char* expected, const nlohmann::json& value) {
  fail(Kind::usage, "{}: expected {}, got {}", field.name, expected, value.dump().substr(0, 60));
}
void assign(const Field& field, const nlohmann::json& value, bool& target) {
  if (!value.is_boolean()) refuse(field, "true or false", value);
  target = value.get<bool>();
}
void assign(const Field& field, const nlohmann::json& value, int64_t& target) {
  bool too_large = value.is_number_unsigned() &&
                   value.get<uint64_t>() > uint64_t{std::numeric_limits<int64_t>::max()};
  if (!value.is_number_integer() || too_large) refuse(field, "a whole number", value);
  check(field, static_cast<double>(value.get<int64_t>()));
  target = value.get<int64_t>();
}
void assign(const Field& field, const nlohmann::json& value, double& target) {
  if (!value.is_number()) refuse(field, "a number", value);
  check(field, value.get<double>());
  target = value.get<double>();
}
void assign(const Field& field, const nlohmann::json& value, std::string& target) {
  if (!value.is_string()) refuse(field, "a word in quotes", value);
  check(field, value.get_ref<const std::string&>());
  target = value.get<std::string>();
}
template <class T>
void assign(const Field& field, const nlohmann::json& value, std::vector<T>& target) {
  if (!value.is_array()) refuse(field, "a list", value);
  std::vector<T> items;
  for (const auto& item : value) assign(field, item, items.emplace_back());
  target = std::move(items);
}
// JSON's escapes are TOML's too; TOML escapes one character more.
std::string quoted(const std::string& text) {
  std::string escaped = nlohmann::json(text).dump();
  for (size_t at; (at = escaped.find('\x7f')) != std::string::npos;)
    escaped.replace(at, 1, "\\u007f");
  return escaped;
}

// A word as an item of a list: in quotes where splitting would not give it back.
std::string item_text(const std::string& word) {
  bool plain =
      !word.empty() && word == trimmed(word) && word.find_first_of(",\"[]") == std::string::npos;
  return plain ? word : quoted(word);
}

std::string number_text(double value) {
  std::string text = fmt::format("{}", value);  // the shortest text that reads back exactly
  if (text.find_first_of(".enia") == std::string::npos) text += ".0";
  return text;
}

std::string toml_text(bool value) {
  return value ? "true" : "false";
}
std::string toml_text(int64_t value) {
  return fmt::format("{}", value);
}
std::string toml_text(double value) {
  return number_text(value);
}
std::string toml_text(const std::string& value) {
  return quoted(value);
}
template <class T>
std::string toml_text(const std::vector<T>& values) {
  std::vector<std::string> parts;
  for (const T& value : values) parts.push_back(toml_text(value));
  return fmt::format("[{}]", fmt::join(parts, ", "));
}

}  // namespace

void parse_value(const Field& field, std::string_view text) {
  std::visit([&](auto* target) { parse(field, text, *target); }, field.target);
}

void assign_value(const Field& field, const nlohmann::json& value) {
  std::visit([&](auto* target) { assign(field, value, *target); }, field.target);
}

std::string value_text(const Field& field) {
  return std::visit(
      [](auto* target) -> std::string {
        using T = std::remove_pointer_t<decltype(target)>;
        if constexpr (std::is_same_v<T, std::string>) {
          return *target;
        } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
          std::vector<std::string> items;
          for (const std::string& word : *target) items.push_back(item_text(word));
          return fmt::format("{}", fmt::join(items, ","));
        } else {
          return toml_text(*target);
        }
      },
      field.target);
}

std::string value_toml(const Field& field) {
  return std::visit([](auto* target) { return toml_text(*target); }, field.target);
}

}  // namespace espalier
