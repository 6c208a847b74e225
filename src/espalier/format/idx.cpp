#include "espalier/format/idx.h"

#include <fmt/ranges.h>

#include "espalier/core/error.h"

namespace espalier {
namespace {

// Bytes of one number; 0 for a type that IDX does not know.
int64_t width_of(uint8_t type) {
  switch (static_cast<IdxType>(type)) {
    case IdxType::u8:
    case IdxType::i8:
      return 1;
    case IdxType::i16:
      return 2;
    case IdxType::i32:
    case IdxType::f32:
      return 4;
    case IdxType::f64:
      return 8;
  }
  return 0;
}

uint32_t big_endian(std::string_view bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
  return value;
}

}  // namespace

Idx parse_idx(std::string bytes) {
  if (bytes.starts_with("\x1f\x8b"))
    fail(Kind::unsupported, "this is a gzip file; unpack it with gunzip first");
  if (bytes.size() < 4) fail(Kind::format, "{} bytes are too few for an IDX file", bytes.size());
  auto byte = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  if (byte(0) != 0 || byte(1) != 0 || width_of(byte(2)) == 0 || byte(3) == 0)
    fail(Kind::format,
         "not an IDX file: it begins with {:02x} {:02x} {:02x} {:02x}, not with 00 00, a type, a "
         "count",
         byte(0), byte(1), byte(2), byte(3));
  Idx idx{.type = static_cast<IdxType>(byte(2)), .shape = {}, .bytes = {}};
  size_t dimensions = byte(3), header = 4 + 4 * dimensions;
  if (bytes.size() < header)
    fail(Kind::format, "the IDX file ends inside the lengths of its {} dimensions", dimensions);
  // Above any file's size the product needs no further digits.
  constexpr uint64_t kEnormous = uint64_t{1} << 60;
  uint64_t wanted = static_cast<uint64_t>(width_of(byte(2)));
  for (size_t i = 0; i < dimensions; ++i) {
    uint32_t length = big_endian(bytes, 4 + 4 * i);
    idx.shape.push_back(length);
    if (__builtin_mul_overflow(wanted, uint64_t{length}, &wanted)) wanted = kEnormous;
  }
  uint64_t given = bytes.size() - header;
  if (wanted != given)
    fail(Kind::format, "the IDX file says {} numbers of {} bytes but holds {} bytes of them ({})",
         fmt::join(idx.shape, " x "), width_of(byte(2)), given,
         given < wanted ? "cut short" : "too long");
  idx.bytes = std::move(bytes);
  return idx;
}

Idx read_idx(const fs::path& path) {
  std::string bytes = read_file(path);
  return with_context("reading " + path.string(), [&] { return parse_idx(std::move(bytes)); });
}

std::string encode_idx(IdxType type, const std::vector<int64_t>& shape, std::string_view numbers) {
  int64_t size = width_of(static_cast<uint8_t>(type));
  std::string bytes = {'\0', '\0', static_cast<char>(type), static_cast<char>(shape.size())};
  for (int64_t length : shape) {
    size *= length;
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(length >> shift);
  }
  if (shape.empty() || shape.size() > 255 || static_cast<size_t>(size) != numbers.size())
    fail(Kind::internal, "{} bytes do not fill an IDX array of {} bytes", numbers.size(), size);
  return bytes.append(numbers);
}

}  // namespace espalier
