#include "espalier/format/number_text.h"

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace espalier {
namespace {

constexpr double kPowersOfTen[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

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

bool read_number(std::string_view text, double& value) {
  // Up to 15 digits without an exponent: digits and power of ten are exact doubles, so that their quotient is the
  // nearest one (W. Clinger, "How to read floating point numbers accurately", PLDI 1990).
  const char *at = text.data(), *end = at + text.size();
  const bool negative = at != end && *at == '-';
  at += negative;
  int64_t digits = 0;
  int count = 0, behind_point = 0;
  for (; at != end && static_cast<unsigned>(*at - '0') < 10 && count < 16; ++at, ++count)
    digits = 10 * digits + (*at - '0');
  if (at != end && *at == '.') {
    const int before = count;
    for (++at; at != end && static_cast<unsigned>(*at - '0') < 10 && count < 16; ++at, ++count)
      digits = 10 * digits + (*at - '0');
    behind_point = count - before;
  }
  if (at != end || count == 0 || count > 15) return read_any(text, value);
  value = static_cast<double>(digits) / kPowersOfTen[behind_point];
  if (negative) value = -value;
  return true;
}

}  // namespace espalier
