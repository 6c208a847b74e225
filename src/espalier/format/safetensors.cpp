#include "espalier/format/safetensors.h"

#include <algorithm>
#include <cstring>
#include <set>

#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/format/checksum.h"

namespace espalier {
namespace {

using Json = nlohmann::json;

constexpr uint64_t kLongestHeader = 100'000'000;  // the reference implementation's limit
constexpr const char* kMetadata = "__metadata__";
constexpr const char* kChecksum = "crc32";  // an entry of the metadata

// Looks for what a parsed object no longer shows: a name that stands twice, and nesting deeper than a header has.
void check_names(std::string_view text) {
  std::set<std::string> outer, inner;
  auto keep_nothing = [&](int depth, Json::parse_event_t event, Json& value) {
    if (depth > 3) fail(Kind::format, "its header is nested too deeply");
    if (event == Json::parse_event_t::object_start && depth == 1) inner.clear();
    if (event == Json::parse_event_t::key) {
      const auto& name = value.get_ref<const std::string&>();
      if (!(depth == 1 ? outer : inner).insert(name).second)
        fail(Kind::format, "its header names '{}' twice", name);
    }
    return false;
  };
  [[maybe_unused]] Json nothing = Json::parse(text, keep_nothing);
}

Json parse_json_header(std::string_view text) {
  try {
    check_names(text);
    // Apart from the check: keeping values with a callback searches the whole object for each.
    Json header = Json::parse(text);
    if (!header.is_object()) fail(Kind::format, "its header is not a JSON object");
    return header;
  } catch (const Json::exception& error) {
    fail(Kind::format, "its header is not valid JSON: {}", error.what());
  }
}

std::vector<uint64_t> whole_numbers(const Json& entry, const char* key) {
  auto found = entry.find(key);
  if (found == entry.end() || !found->is_array()) fail(Kind::format, "no list '{}'", key);
  std::vector<uint64_t> numbers;
  for (const Json& item : *found) {
    if (!item.is_number_unsigned() || item.get<uint64_t>() > INT64_MAX)
      fail(Kind::format, "'{}' holds something that is not a whole number", key);
    numbers.push_back(item.get<uint64_t>());
  }
  return numbers;
}

StoredTensor parse_entry(const std::string& name, const Json& entry, std::string_view data) {
  if (!entry.is_object()) fail(Kind::format, "its entry is not a JSON object");
  auto dtype = entry.find("dtype");
  if (dtype == entry.end() || !dtype->is_string()) fail(Kind::format, "no text 'dtype'");
  StoredTensor tensor{.name = name, .dtype = dtype->get<std::string>(), .shape = {}, .bytes = {}};
  int64_t width = stored_width(tensor.dtype);
  if (width == 0) fail(Kind::unsupported, "its type '{}' is not handled", tensor.dtype);
  for (uint64_t length : whole_numbers(entry, "shape"))
    tensor.shape.push_back(static_cast<int64_t>(length));
  std::vector<uint64_t> offsets = whole_numbers(entry, "data_offsets");
  if (offsets.size() != 2 || offsets[0] > offsets[1])
    fail(Kind::format, "'data_offsets' is not a begin and an end");
  if (offsets[1] > data.size())
    fail(Kind::format, "its data ends at {} but the file has {}", offsets[1], data.size());
  int64_t wanted = stored_size(tensor.shape, width);
  uint64_t given = offsets[1] - offsets[0];
  if (wanted < 0 || static_cast<uint64_t>(wanted) != given)
    fail(Kind::format, "its shape needs {} bytes but it has {}",
         wanted < 0 ? "countless" : fmt::to_string(wanted), given);
  tensor.bytes = data.substr(offsets[0], given);
  return tensor;
}

std::map<std::string, std::string> parse_metadata(const Json& entries) {
  if (!entries.is_object()) fail(Kind::format, "its metadata is not a JSON object");
  std::map<std::string, std::string> metadata;
  for (const auto& item : entries.items()) {
    if (!item.value().is_string()) fail(Kind::format, "its metadata '{}' is not text", item.key());
    metadata[item.key()] = item.value().get<std::string>();
  }
  return metadata;
}

void check_no_holes(const std::vector<StoredTensor>& tensors, std::string_view data) {
  const char* reached = data.data();
  for (const StoredTensor& tensor : tensors) {
    if (tensor.bytes.data() != reached)
      fail(Kind::format,
           "tensor '{}' does not begin where the one before it ends (byte {} of the data)",
           tensor.name, reached - data.data());
    reached += tensor.bytes.size();
  }
  if (reached != data.data() + data.size())
    fail(Kind::format, "{} bytes at its end belong to no tensor",
         data.data() + data.size() - reached);
}

// Where the digits of the checksum stand in a header. No other text of a header holds this: inside
// a name or a value the quotes are escaped.
size_t place_of_checksum(std::string_view header) {
  const std::string key = fmt::format("\"{}\":\"", kChecksum);
  size_t found = header.find(key);
  if (found == std::string_view::npos ||
      header.size() - found - key.size() < Checksum::kZero.size())
    fail(Kind::format, "its checksum is not where it was written");
  return found + key.size();
}

// Of a whole file whose checksum's own digits count as zeros.
std::string checksum_of(std::string_view length, std::string header, std::string_view data) {
  header.replace(place_of_checksum(header), Checksum::kZero.size(), Checksum::kZero);
  Checksum sum;
  for (std::string_view part : {length, std::string_view(header), data}) sum.add(part);
  return sum.text();
}

uint64_t little_endian(const char* bytes) {
  uint64_t value = 0;
  for (int i = 7; i >= 0; --i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

void check_consistent(const StoredTensor& tensor) {
  int64_t width = stored_width(tensor.dtype);
  if (width == 0)
    fail(Kind::internal, "tensor '{}' has the unknown type '{}'", tensor.name, tensor.dtype);
  int64_t size = stored_size(tensor.shape, width);
  if (size < 0 || static_cast<size_t>(size) != tensor.bytes.size())
    fail(Kind::internal, "tensor '{}' has {} bytes, its shape needs {}", tensor.name,
         tensor.bytes.size(), size);
}

// The JSON text for tensors that are written in this order, one behind the other. Put together by hand: the order of
// keys is the reference's, and a library that keeps order searches all of them for each.
std::string header_of(const std::vector<const StoredTensor*>& order,
                      const std::map<std::string, std::string>& metadata) {
  std::set<std::string_view> names{kMetadata};
  std::string header = "{";
  if (!metadata.empty()) header += fmt::format("\"{}\":{},", kMetadata, Json(metadata).dump());
  size_t end = 0;
  for (const StoredTensor* tensor : order) {
    check_consistent(*tensor);
    if (!names.insert(tensor->name).second)
      fail(Kind::internal, "tensor name '{}' is taken", tensor->name);
    size_t begin = end;
    end += tensor->bytes.size();
    header += fmt::format(R"({}:{{"dtype":"{}","shape":{},"data_offsets":[{},{}]}},)",
                          Json(tensor->name).dump(), tensor->dtype, Json(tensor->shape).dump(),
                          begin, end);
  }
  if (header.back() == ',') header.pop_back();
  return header + "}";
}

}  // namespace

Safetensors Safetensors::read(const fs::path& path) {
  return parse(read_file(path, uint64_t{1} << 40), path.string());
}

Safetensors Safetensors::parse(std::string bytes, const std::string& place) {
  Safetensors file;
  file.bytes_ = std::make_shared<const std::string>(std::move(bytes));
  with_context("reading " + place, [&] { file.parse_header(); });
  return file;
}

void Safetensors::parse_header() {
  std::string_view all = *bytes_;
  if (all.size() < 8) fail(Kind::format, "{} bytes are too few for a safetensors file", all.size());
  uint64_t length = little_endian(all.data());
  if (length > kLongestHeader || length > all.size() - 8)
    fail(Kind::format, "not a safetensors file, or cut short: a header of {} bytes in a file of {}",
         length, all.size());
  Json header = parse_json_header(all.substr(8, length));
  std::string_view data = all.substr(8 + length);
  for (const auto& item : header.items()) {
    const std::string& name = item.key();
    if (name == kMetadata)
      metadata_ = parse_metadata(item.value());
    else
      tensors_.push_back(with_context(fmt::format("tensor '{}'", name),
                                      [&] { return parse_entry(name, item.value(), data); }));
  }
  // An empty tensor lies before the one that begins at the same byte.
  std::stable_sort(tensors_.begin(), tensors_.end(),
                   [](const StoredTensor& a, const StoredTensor& b) {
                     return std::pair(a.bytes.data(), a.bytes.size()) <
                            std::pair(b.bytes.data(), b.bytes.size());
                   });
  check_no_holes(tensors_, data);
  auto sum = metadata_.find(kChecksum);
  if (sum != metadata_.end() &&
      sum->second != checksum_of(all.substr(0, 8), std::string(all.substr(8, length)), data))
    fail(Kind::format,
         "its bytes do not give its checksum: the file is damaged (or another program rewrote it "
         "and kept the metadata entry '{}', which it should leave out)",
         kChecksum);
  for (size_t i = 0; i < tensors_.size(); ++i) place_of_[tensors_[i].name] = i;
}

const StoredTensor* Safetensors::find(std::string_view name) const {
  auto found = place_of_.find(std::string(name));
  return found == place_of_.end() ? nullptr : &tensors_[found->second];
}

void write_safetensors(const fs::path& path,
                       const std::vector<StoredTensor>& tensors,
                       const std::map<std::string, std::string>& given) {
  std::map<std::string, std::string> metadata = given;
  const bool with_checksum = metadata.count(kChecksum) > 0;
  if (with_checksum) metadata[kChecksum] = Checksum::kZero;
  std::vector<const StoredTensor*> order;
  for (const StoredTensor& tensor : tensors) order.push_back(&tensor);
  std::sort(order.begin(), order.end(), [](const StoredTensor* a, const StoredTensor* b) {
    size_t left = stored_rank(a->dtype), right = stored_rank(b->dtype);
    return left != right ? left > right : a->name < b->name;
  });
  std::string header = with_context("writing " + path.string(), [&] {
    try {
      return header_of(order, metadata);
    } catch (const Json::exception& error) {
      fail(Kind::internal, "a name or the metadata is not UTF-8: {}", error.what());
    }
  });
  header.resize((header.size() + 7) / 8 * 8, ' ');
  std::string length;
  for (int i = 0; i < 8; ++i) length += static_cast<char>(header.size() >> (8 * i));
  if (with_checksum) {
    Checksum sum;
    sum.add(length);
    sum.add(header);
    for (const StoredTensor* tensor : order) sum.add(tensor->bytes);
    header.replace(place_of_checksum(header), Checksum::kZero.size(), sum.text());
  }
  write_file_atomic(path, [&](std::ostream& stream) {
    stream << length << header;
    for (const StoredTensor* tensor : order)
      stream.write(tensor->bytes.data(), static_cast<std::streamsize>(tensor->bytes.size()));
  });
}

}  // namespace espalier
