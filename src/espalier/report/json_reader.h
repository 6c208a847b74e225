// Looking into JSON from outside: a wrong type is a warning that names the place and the key, never
// an exception.
//
//   JsonReader reader(object, "summary.json", warnings);
//   std::optional<double> seconds = reader.number("seconds");
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace espalier {

// Keeps the first few of a flood of warnings.
class Warnings {
 public:
  explicit Warnings(std::vector<std::string>& lines) : lines_(lines) {}
  void add(const std::string& line);

 private:
  std::vector<std::string>& lines_;
};

// The keys of the object under the top-level key `name`, in the order of the text. (The parsed form
// sorts them; the order-keeping one of the library is quadratic in the number of keys, which a
// hostile file would use.)
std::vector<std::string> keys_in_order(const std::string& text, const std::string& name);

class JsonReader {
 public:
  using Json = nlohmann::json;

  // `object` must outlive the reader; anything but an object reads as an empty one, with a warning.
  JsonReader(const Json& object, std::string place, Warnings& warnings);

  // Absent and null give nullopt or "" in silence.
  std::optional<double> number(const std::string& key) const;
  std::optional<int64_t> count(const std::string& key) const;  // whole, >= 0, below 2^53
  std::string text(const std::string& key) const;              // at most 200 characters
  const Json* array(const std::string& key) const;
  const Json* object(const std::string& key) const;
  const Json& json() const { return object_; }
  // A reader for a part of this place: "eval-test.json, mistakes[3]".
  JsonReader inside(const Json& part, const std::string& name) const;
  void complain(const std::string& what) const;

 private:
  const Json* find(const std::string& key) const;

  const Json& object_;
  std::string place_;
  Warnings& warnings_;
};

}  // namespace espalier
