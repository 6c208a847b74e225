#include "espalier/report/json_reader.h"

#include <cmath>

#include <fmt/format.h>

#include "espalier/report/html.h"

namespace espalier {
namespace {

using Json = nlohmann::json;

// Walks the text once and notes the keys two levels deep under one top-level key.
class KeyNotes : public nlohmann::json_sax<Json> {
 public:
  explicit KeyNotes(std::string name) : name_(std::move(name)) {}

  std::vector<std::string> keys;

  bool key(string_t& text) override {
    if (depth_ == 1) inside_ = text == name_;
    if (depth_ == 2 && inside_ && keys.size() < 100) keys.push_back(text);
    return true;
  }
  bool start_object(size_t) override { return ++depth_ > 0; }
  bool end_object() override { return --depth_ >= 0; }
  bool start_array(size_t) override { return ++depth_ > 0; }
  bool end_array() override { return --depth_ >= 0; }
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool parse_error(size_t, const std::string&, const nlohmann::json::exception&) override {
    return false;
  }

 private:
  std::string name_;
  int64_t depth_ = 0;
  bool inside_ = false;
};

}  // namespace

std::vector<std::string> keys_in_order(const std::string& text, const std::string& name) {
  KeyNotes notes(name);
  Json::sax_parse(text, &notes);
  return notes.keys;
}

void Warnings::add(const std::string& line) {
  constexpr size_t kMost = 12;
  if (lines_.size() < kMost)
    lines_.push_back(shortened(line, 300));
  else if (lines_.size() == kMost)
    lines_.push_back("more of the kind, left out here");
}

JsonReader::JsonReader(const Json& object, std::string place, Warnings& warnings)
    : object_(object), place_(std::move(place)), warnings_(warnings) {
  if (!object.is_object())
    complain(fmt::format("expected an object, found {}", object.type_name()));
}

void JsonReader::complain(const std::string& what) const {
  warnings_.add(place_ + ": " + what);
}

const JsonReader::Json* JsonReader::find(const std::string& key) const {
  if (!object_.is_object()) return nullptr;
  const auto found = object_.find(key);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

std::optional<double> JsonReader::number(const std::string& key) const {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number() || !std::isfinite(value->get<double>())) {
    complain(fmt::format("'{}' is no number", key));
    return std::nullopt;
  }
  return value->get<double>();
}

std::optional<int64_t> JsonReader::count(const std::string& key) const {
  const std::optional<double> value = number(key);
  if (!value) return std::nullopt;
  if (*value < 0 || *value > 9007199254740992.0 || *value != std::floor(*value)) {
    complain(fmt::format("'{}' is no count: {}", key, *value));
    return std::nullopt;
  }
  return static_cast<int64_t>(*value);
}

std::string JsonReader::text(const std::string& key) const {
  const Json* value = find(key);
  if (value == nullptr) return "";
  if (!value->is_string()) {
    complain(fmt::format("'{}' is no text", key));
    return "";
  }
  return shortened(value->get_ref<const std::string&>(), 200);
}

const JsonReader::Json* JsonReader::array(const std::string& key) const {
  const Json* value = find(key);
  if (value == nullptr || value->is_array()) return value;
  complain(fmt::format("'{}' is no list", key));
  return nullptr;
}

const JsonReader::Json* JsonReader::object(const std::string& key) const {
  const Json* value = find(key);
  if (value == nullptr || value->is_object()) return value;
  complain(fmt::format("'{}' is no object", key));
  return nullptr;
}

JsonReader JsonReader::inside(const Json& part, const std::string& name) const {
  return JsonReader(part, place_ + ", " + name, warnings_);
}

}  // namespace espalier
