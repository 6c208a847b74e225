#include "espalier/deploy/onnx_wire.h"

#include <bit>
#include <cstring>

#include "espalier/core/error.h"

namespace espalier {
namespace {

void want(const WireField& field, WireType type) {
  if (field.type != type)
    fail(Kind::format, "{}: field {} has wire type {} instead of {}", field.where(), field.number,
         static_cast<int>(field.type), static_cast<int>(type));
}

}  // namespace

std::string WireField::where() const {
  return fmt::format("{}, byte {}", place, offset);
}

int64_t WireField::integer() const {
  want(*this, WireType::varint);
  return static_cast<int64_t>(value);
}

float WireField::number32() const {
  want(*this, WireType::fixed32);
  return std::bit_cast<float>(static_cast<uint32_t>(value));
}

std::string WireField::text() const {
  want(*this, WireType::bytes);
  return std::string(bytes);
}

std::string_view WireField::message() const {
  want(*this, WireType::bytes);
  return bytes;
}

void WireField::append_integers(std::vector<int64_t>& values) const {
  if (type != WireType::bytes) return values.push_back(integer());
  size_t at = 0;
  while (at < bytes.size()) {
    uint64_t number = 0;
    int shift = 0;
    for (;; shift += 7, ++at) {
      if (at == bytes.size() || shift > 63)
        fail(Kind::format, "{}: a packed number is cut off", where());
      uint64_t seven = static_cast<uint8_t>(bytes[at]) & 0x7f;
      number |= seven << shift;
      if (!(bytes[at] & 0x80)) break;
    }
    ++at;
    values.push_back(static_cast<int64_t>(number));
  }
}

void WireField::append_floats(std::vector<float>& values) const {
  if (type != WireType::bytes) return values.push_back(number32());
  if (bytes.size() % sizeof(float) != 0)
    fail(Kind::format, "{}: {} bytes are not whole floats", where(), bytes.size());
  size_t before = values.size();
  values.resize(before + bytes.size() / sizeof(float));
  if (!bytes.empty()) std::memcpy(values.data() + before, bytes.data(), bytes.size());
}

uint64_t WireReader::read_varint() {
  uint64_t value = 0;
  for (int shift = 0; shift <= 63; shift += 7) {
    if (at_ == bytes_.size()) fail(Kind::format, "{}: ends within a number", place_);
    uint64_t byte = static_cast<uint8_t>(bytes_[at_++]);
    value |= (byte & 0x7f) << shift;
    if (!(byte & 0x80)) return value;
  }
  fail(Kind::format, "{}, byte {}: a number longer than 64 bits", place_, at_);
}

uint64_t WireReader::read_fixed(size_t width) {
  if (bytes_.size() - at_ < width) fail(Kind::format, "{}: ends within a number", place_);
  uint64_t value = 0;  // little-endian on the wire, as on every machine we build for
  std::memcpy(&value, bytes_.data() + at_, width);
  at_ += width;
  return value;
}

std::optional<WireField> WireReader::next() {
  if (at_ == bytes_.size()) return std::nullopt;
  size_t start = at_;
  uint64_t key = read_varint();
  WireField field{.number = static_cast<uint32_t>(key >> 3),
                  .type = static_cast<WireType>(key & 7),
                  .value = 0,
                  .bytes = {},
                  .place = place_,
                  .offset = start};
  if (key >> 3 == 0 || key >> 3 >= 1u << 29)
    fail(Kind::format, "{}: {} is not a field number", field.where(), key >> 3);
  switch (field.type) {
    case WireType::varint:
      field.value = read_varint();
      return field;
    case WireType::fixed64:
      field.value = read_fixed(8);
      return field;
    case WireType::fixed32:
      field.value = read_fixed(4);
      return field;
    case WireType::bytes: {
      uint64_t length = read_varint();
      if (length > bytes_.size() - at_)
        fail(Kind::format, "{}: a field of {} bytes where {} are left", field.where(), length,
             bytes_.size() - at_);
      field.bytes = bytes_.substr(at_, length);
      at_ += length;
      return field;
    }
  }
  fail(Kind::format, "{}: {} is not a wire type", field.where(), key & 7);
}

void WireWriter::add_varint(uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
  bytes_ += static_cast<char>(value);
}

void WireWriter::add_integer(uint32_t number, int64_t value) {
  add_varint(uint64_t{number} << 3 | static_cast<uint64_t>(WireType::varint));
  add_varint(static_cast<uint64_t>(value));
}

void WireWriter::add_float(uint32_t number, float value) {
  add_varint(uint64_t{number} << 3 | static_cast<uint64_t>(WireType::fixed32));
  bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void WireWriter::add_text(uint32_t number, std::string_view text) {
  add_varint(uint64_t{number} << 3 | static_cast<uint64_t>(WireType::bytes));
  add_varint(text.size());
  bytes_ += text;
}

}  // namespace espalier
