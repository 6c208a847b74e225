#include "espalier/core/fields.h"

#include <nlohmann/json.hpp>
#include <toml++/toml.h>

#include "espalier/core/error.h"
#include "espalier/core/field_values.h"
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

// TOML's value as JSON's.
nlohmann::json plain_value(std::string_view key, const toml::node& node) {
  if (const auto* value = node.as_boolean()) return value->get();
  if (const auto* value = node.as_integer()) return value->get();
  if (const auto* value = node.as_floating_point()) return value->get();
  if (const auto* value = node.as_string()) return value->get();
  if (const auto* list = node.as_array()) {
    nlohmann::json items = nlohmann::json::array();
    for (const toml::node& item : *list) items.push_back(plain_value(key, item));
    return items;
  }
  if (node.is_table())
    fail(Kind::usage, "[{}]: tables are not used here; write the keys at the top level", key);
  fail(Kind::usage, "{}: dates and times are not used here", key);
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
  parse_value(find_field(fields, name), text);
}

std::string field_text(const Field& field) {
  return value_text(field);
}

std::string to_toml(const Fields& fields) {
  std::string text;
  for (const Field& field : fields)
    text += fmt::format("{} = {}  # {}\n", field.name, value_toml(field), field.help);
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
      nlohmann::json value = plain_value(key.str(), node);
      assign_value(find_field(fields, key.str()), value);
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
      assign_value(find_field(fields, key), value);
    } catch (const Error& error) {
      throw Error(Kind::format, error.what());
    }
  }
}

}  // namespace espalier
