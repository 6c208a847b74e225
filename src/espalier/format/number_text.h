// A number as tables write it.
//
//   double value;
//   if (!read_number("-1.5e3", value)) ...
#pragma once

#include <string_view>

namespace espalier {

// Decimal notation with or without sign, point and exponent, "inf", "infinity" and "nan" in any case; nothing before or
// behind. The nearest double; too large gives an infinity, too small a zero. False for anything else.
bool read_number(std::string_view text, double& value);

}  // namespace espalier
