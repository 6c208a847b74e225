#include "espalier/core/fields.h"

#include <charconv>
#include <sstream>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <toml++/toml.h>

#include "espalier/core/error.h"
#include "espalier/core/files.h"
#include "espalier/core/names.h"

namespace espalier {
namespace {

std::string with_underscores(std::string_view name) {
  std::string text(name);
  for (char& c : text)
    if (c == '-') c = '_';
  return text;
}

const Field& find_field(const Fields& fields, std::string_view name) {
  return find_named(fields, with_underscores(name), "key");
}

template <class Number>
Number parse_number(const Field& field, std::string_view text) {
  Number value{};
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size() || text.empty())
    fail(Kind::usage, "{}: expected {}, got '{}'", field.name,
         std::is_integral_v<Number> ? "a whole number" : "a number", text);
  return value;
}

void check(const Field& field, double value) {
  if (!(value >= field.low && value <= field.high))
    fail(Kind::usage, "{}: {} is outside {} to {}", field.name, value, field.low, field.high);
}

void check(const Field& field, const std::string& word) {
  if (field.choices.empty()) return;
  for (const std::string& choice : field.choices)
    if (choice == word) return;
  throw Error(Kind::usage, field.name + ": " + unknown_name("word", word, field.choices));
}

std::vector<std::string_view> split_list(std::string_view text) {
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']')
    text = text.substr(1, text.size() - 2);
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    size_t comma = text.find(',');
    std::string_view part = text.substr(0, comma);
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    parts.push_back(part);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
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
template <class T>
void parse(const Field& field, std::string_view text, std::vector<T>& value) {
  std::vector<T> items;
  for (std::string_view part : split_list(text)) parse(field, part, items.emplace_back());
  value = std::move(items);
}

std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump();
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

Field Field::between(double lowest, double highest) const {
  Field copy = *this;
  copy.low = lowest;
  copy.high = highest;
  return copy;
}

Field Field::one_of(std::vector<std::string> words) const {
  Field copy = *this;
  copy.choices = std::move(words);
  return copy;
}

Fields join(Fields fields, const Fields& more) {
  for (const Field& extra : more) {
    for (const Field& known : fields)
      if (known.name == extra.name)
        fail(Kind::internal, "the key '{}' is described twice", extra.name);
    fields.push_back(extra);
  }
  return fields;
}

void set_field(const Fields& fields, std::string_view name, std::string_view text) {
  const Field& field = find_field(fields, name);
  std::visit([&](auto* target) { parse(field, text, *target); }, field.target);
}

std::string field_text(const Field& field) {
  return std::visit(
      [](auto* target) -> std::string {
        using T = std::remove_pointer_t<decltype(target)>;
        if constexpr (std::is_same_v<T, std::string>)
          return *target;
        else if constexpr (std::is_same_v<T, std::vector<std::string>>)
          return fmt::format("{}", fmt::join(*target, ","));
        else
          return toml_text(*target);
      },
      field.target);
}

std::string to_toml(const Fields& fields) {
  std::string text;
  for (const Field& field : fields) {
    std::string value = std::visit([](auto* target) { return toml_text(*target); }, field.target);
    text += fmt::format("{} = {}  # {}\n", field.name, value, field.help);
  }
  return text;
}

void read_toml(const Fields& fields, const std::filesystem::path& path) {
  toml::table table;
  try {
    table = toml::parse(read_file(path, 1 << 20), path.string());
  } catch (const toml::parse_error& error) {
    fail(Kind::usage, "{}, line {}: {}", path.string(), error.source().begin.line,
         std::string(error.description()));
  }
  for (auto&& [key, node] : table) {
    std::string place = fmt::format("{}, line {}", path.string(), node.source().begin.line);
    with_context(place, [&, &key = key, &node = node] {
      std::ostringstream text;
      if (const auto* word = node.as_string())
        text << word->get();
      else if (const auto* list = node.as_array()) {
        bool first = true;
        for (auto&& item : *list) {
          if (!first) text << ",";
          first = false;
          if (const auto* word = item.as_string())
            text << word->get();
          else if (item.is_table() || item.is_array())
            fail(Kind::usage, "{}: a list holds numbers or words only", std::string(key.str()));
          else
            item.visit([&](auto&& value) { text << toml::node_view<const toml::node>(value); });
        }
      } else if (node.is_table()) {
        fail(Kind::usage, "[{}]: tables are not used here; write the keys at the top level",
             std::string(key.str()));
      } else {
        text << toml::node_view<const toml::node>(node);
      }
      set_field(fields, key.str(), text.str());
    });
  }
}

nlohmann::json to_json(const Fields& fields) {
  nlohmann::json values = nlohmann::json::object();
  for (const Field& field : fields)
    std::visit([&](auto* target) { values[field.name] = *target; }, field.target);
  return values;
}

void from_json(const Fields& fields, const nlohmann::json& values) {
  if (!values.is_object()) fail(Kind::format, "expected an object of settings");
  for (auto& [key, value] : values.items()) {
    try {
      std::string text;
      if (value.is_string())
        text = value.get<std::string>();
      else if (value.is_array()) {
        for (const auto& item : value) {
          if (!text.empty()) text += ",";
          text += item.is_string() ? item.get<std::string>() : item.dump();
        }
      } else {
        text = value.dump();
      }
      set_field(fields, key, text);
    } catch (const Error& error) {
      throw Error(Kind::format, error.what());
    }
  }
}

}  // namespace espalier
