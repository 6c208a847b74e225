// Whether bytes are well-formed UTF-8 (Unicode 15, table 3-7).
//
//   if (!is_utf8(cell)) fail(Kind::format, "the text is not UTF-8");
#pragma once

#include <cstddef>
#include <string_view>

namespace espalier {

// Length in bytes of the well-formed character at `text[at]`, 0 when there is none.
size_t utf8_length(std::string_view text, size_t at);

bool is_utf8(std::string_view text);

}  // namespace espalier
