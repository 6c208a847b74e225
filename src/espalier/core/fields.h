// Typed configuration: a plain struct with defaults, and one description of its fields from which
// flags, help, TOML files, saved runs and reports are all made.
//
//   struct TrainConfig { int64_t epochs = 12; double lr = 0.1; };
//   Fields fields(TrainConfig& c) {
//     return {field("epochs", c.epochs, "passes over the training data").between(1, 1e6),
//             field("lr", c.lr, "peak learning rate for a batch of 256")};
//   }
//   Fields f = fields(config);  set_field(f, "epochs", "30");  write(to_toml(f));
//
// Names are written with underscores; flags may use dashes. Unknown names are errors that offer the
// nearest.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace espalier {

struct Field {
  using Target = std::variant<bool*,
                              int64_t*,
                              double*,
                              std::string*,
                              std::vector<int64_t>*,
                              std::vector<double>*,
                              std::vector<std::string>*>;
  std::string name;
  Target target;
  std::string help;
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  std::vector<std::string> choices = {};

  // Inclusive range for numbers (each element of a list).
  Field between(double lowest, double highest) const;
  // The words a string may take.
  Field one_of(std::vector<std::string> words) const;
};

using Fields = std::vector<Field>;

template <class T>
Field field(std::string name, T& target, std::string help) {
  return Field{.name = std::move(name), .target = &target, .help = std::move(help)};
}

// `more` behind `fields`; a name that appears twice is an internal error.
Fields join(Fields fields, const Fields& more);

// Sets one field from text ("30", "true", "1e-3", "a,b,c"). Throws Error(usage) naming the key.
void set_field(const Fields& fields, std::string_view name, std::string_view text);

// The current value as text, such that set_field(name, field_text(f)) restores it exactly.
std::string field_text(const Field& field);

// Throws Error(usage) naming file, line and key for a syntax error, an unknown key or a value out
// of range.
void read_toml(const Fields& fields, const std::filesystem::path& path);
std::string to_toml(const Fields& fields);

nlohmann::json to_json(const Fields& fields);
// Throws Error(format) naming the key; keys not in `fields` are errors, absent keys keep their
// value.
void from_json(const Fields& fields, const nlohmann::json& values);

}  // namespace espalier
