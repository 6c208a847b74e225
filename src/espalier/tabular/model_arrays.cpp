#include "espalier/tabular/model_arrays.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "espalier/core/error.h"

namespace espalier {
namespace {

constexpr const char* kModel = "espalier.model";

template <class T>
constexpr const char* type_name() {
  if constexpr (std::is_same_v<T, double>) return "F64";
  if constexpr (std::is_same_v<T, float>) return "F32";
  if constexpr (std::is_same_v<T, int64_t>) return "I64";
  if constexpr (std::is_same_v<T, int32_t>) return "I32";
  if constexpr (std::is_same_v<T, uint8_t>) return "U8";
}

}  // namespace

ArrayWriter::ArrayWriter(const std::string& model) {
  metadata_[kModel] = model;
  metadata_["crc32"] = "";
}

template <class T>
void ArrayWriter::add(const std::string& name, const std::vector<T>& values, int64_t columns) {
  kept_.emplace_back(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  const auto count = static_cast<int64_t>(values.size());
  std::vector<int64_t> shape{count};
  if (columns > 0) shape = {count / columns, columns};
  tensors_.push_back({name, type_name<T>(), shape, kept_.back()});
}

void ArrayWriter::set(const std::string& key, int64_t value) {
  metadata_[key] = std::to_string(value);
}

void ArrayWriter::set(const std::string& key, const std::string& value) {
  metadata_[key] = value;
}

void ArrayWriter::write(const fs::path& path) const {
  write_safetensors(path, tensors_, metadata_);
}

ArrayReader::ArrayReader(const fs::path& path, const std::string& model)
    : place_(path.string()), file_(Safetensors::read(path)) {
  const auto found = file_.metadata().find(kModel);
  if (found == file_.metadata().end()) refuse("it holds no model of tables");
  if (found->second != model)
    fail(Kind::usage, "{} holds a model '{}', not '{}'", place_, found->second, model);
}

void ArrayReader::refuse(const std::string& why) const {
  fail(Kind::format, "reading {}: {}", place_, why);
}

template <class T>
std::vector<T> ArrayReader::array(const std::string& name, int64_t length, bool finite) const {
  const StoredTensor* tensor = file_.find(name);
  if (!tensor) refuse(fmt::format("it has no array '{}'", name));
  if (tensor->dtype != type_name<T>())
    refuse(fmt::format("array '{}' is of type {}, not {}", name, tensor->dtype, type_name<T>()));
  std::vector<T> values(tensor->bytes.size() / sizeof(T));
  if (length >= 0 && static_cast<int64_t>(values.size()) != length)
    refuse(fmt::format("array '{}' has {} numbers, not {}", name, values.size(), length));
  if (!values.empty()) std::memcpy(values.data(), tensor->bytes.data(), tensor->bytes.size());
  if constexpr (std::is_floating_point_v<T>)
    for (size_t i = 0; finite && i < values.size(); ++i)
      if (!std::isfinite(values[i]))
        refuse(fmt::format("array '{}' holds {} at place {}", name, values[i], i));
  return values;
}

std::string ArrayReader::text(const std::string& key) const {
  const auto found = file_.metadata().find(key);
  if (found == file_.metadata().end()) refuse(fmt::format("its metadata lack '{}'", key));
  return found->second;
}

int64_t ArrayReader::number(const std::string& key, int64_t low, int64_t high) const {
  const std::string given = text(key);
  int64_t value = 0;
  const char* end = given.data() + given.size();
  const auto [read, error] = std::from_chars(given.data(), end, value);
  if (error != std::errc{} || read != end || value < low || value > high)
    refuse(fmt::format("'{}' is '{}', not a whole number in {}..{}", key, given, low, high));
  return value;
}

template void ArrayWriter::add(const std::string&, const std::vector<double>&, int64_t);
template void ArrayWriter::add(const std::string&, const std::vector<float>&, int64_t);
template void ArrayWriter::add(const std::string&, const std::vector<int64_t>&, int64_t);
template void ArrayWriter::add(const std::string&, const std::vector<int32_t>&, int64_t);
template void ArrayWriter::add(const std::string&, const std::vector<uint8_t>&, int64_t);
template std::vector<double> ArrayReader::array(const std::string&, int64_t, bool) const;
template std::vector<float> ArrayReader::array(const std::string&, int64_t, bool) const;
template std::vector<int64_t> ArrayReader::array(const std::string&, int64_t, bool) const;
template std::vector<int32_t> ArrayReader::array(const std::string&, int64_t, bool) const;
template std::vector<uint8_t> ArrayReader::array(const std::string&, int64_t, bool) const;

}  // namespace espalier
