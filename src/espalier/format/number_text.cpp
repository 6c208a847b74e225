#include "espalier/format/number_text.h"

#include <bit>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

namespace espalier {
namespace {

__extension__ typedef unsigned __int128 Text16;  // its lowest byte is the first character

constexpr uint64_t kEach = 0x0101010101010101U;
constexpr double kPowersOfTen[] = {1e0, 1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7, 1e8,
                                   1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16};

template <class T>
uint64_t load(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// 1 to 16 characters, zeros behind them; no byte beside them is looked at.
Text16 load_text(const char* text, size_t size) {
  if (size > 8)
    return load<uint64_t>(text) | Text16{load<uint64_t>(text + size - 8)} << (8 * (size - 8));
  if (size >= 4) return load<uint32_t>(text) | load<uint32_t>(text + size - 4) << (8 * (size - 4));
  const uint64_t first = load<uint8_t>(text), middle = load<uint8_t>(text + size / 2),
                 last = load<uint8_t>(text + size - 1);
  return first | middle << (8 * (size / 2)) | last << (8 * (size - 1));
}

// Eight bytes of values 0 to 9, the first the most significant.
uint64_t eight_digits(uint64_t digits) {
  digits = digits * 10 + (digits >> 8);
  constexpr uint64_t kPairs = 0x000000FF000000FFU;
  return (((digits & kPairs) * (100 + (uint64_t{1000000} << 32))) +
          (((digits >> 16) & kPairs) * (1 + (uint64_t{10000} << 32)))) >>
         32;
}

bool above_nine(uint64_t digits) {
  return ((digits | (digits + 0x76 * kEach)) & (0x80 * kEach)) != 0;
}

bool read_any(std::string_view text, double& value) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return false;
  }
  const char* end = text.data() + text.size();
  const auto [rest, fault] = std::from_chars(text.data(), end, value);
  if (rest != end || text.ends_with(')')) return false;  // "nan(text)"
  if (fault == std::errc::result_out_of_range)
    value =
        std::strtod(std::string(text).c_str(), nullptr);  // which tells too large from too small
  else if (fault != std::errc{})
    return false;
  return true;
}

}  // namespace

// Up to 16 characters without an exponent are read without a branch on any of them: digits below 2^53 and a power of
// ten below 10^22 are exact doubles, so that their quotient is the nearest one (W. Clinger, "How to read floating point
// numbers accurately", PLDI 1990).
bool read_number(std::string_view text, double& value) {
  const bool negative = text.starts_with('-');
  const char* begin = text.data() + negative;
  const size_t size = text.size() - negative;
  if (std::endian::native != std::endian::little || size == 0 || size > 16)
    return read_any(text, value);
  const Text16 all = load_text(begin, size);

  const auto points = [](uint64_t word) {
    const uint64_t x = word ^ ('.' * kEach);
    return (x - kEach) & ~x & (0x80 * kEach);  // right up to the first of them
  };
  const uint64_t first = points(static_cast<uint64_t>(all)),
                 second = points(static_cast<uint64_t>(all >> 64));
  const size_t at = static_cast<size_t>(first    ? std::countr_zero(first) / 8
                                        : second ? 8 + std::countr_zero(second) / 8
                                                 : 16);
  const bool point = at < size;
  const size_t count = size - point, behind_point = point ? size - 1 - at : 0;
  if (count == 0) return false;
  const Text16 before = at < 16 ? (Text16{1} << (8 * at)) - 1 : ~Text16{0};
  const size_t shift = 8 * (16 - count);
  constexpr Text16 kZeros = (Text16{'0' * kEach} << 64) | '0' * kEach;
  const Text16 digits = (((all & before) | ((all >> 8) & ~before)) << shift) ^ (kZeros << shift);
  const uint64_t high = static_cast<uint64_t>(digits), low = static_cast<uint64_t>(digits >> 64);
  if (above_nine(high) || above_nine(low)) return read_any(text, value);
  const uint64_t whole = eight_digits(high) * 100000000 + eight_digits(low);
  if (whole > (uint64_t{1} << 53)) return read_any(text, value);
  value = std::bit_cast<double>(
      std::bit_cast<uint64_t>(static_cast<double>(whole) / kPowersOfTen[behind_point]) |
      uint64_t{negative} << 63);
  return true;
}

}  // namespace espalier
