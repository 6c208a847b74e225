// What every parser of foreign bytes must bear: any cut is an Error, flipped bits never crash.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "espalier/core/files.h"
#include "espalier/core/random.h"

#include "tests/expect_error.h"

namespace espalier {

inline fs::path format_golden(const std::string& name) {
  return fs::path(__FILE__).parent_path().parent_path() / "golden" / "formats" / name;
}

template <class Parse>
void expect_every_cut_refused(const std::string& bytes, Parse parse) {
  ASSERT_NO_THROW(parse(bytes));
  for (size_t length = 0; length < bytes.size(); ++length)
    EXPECT_THROW(parse(bytes.substr(0, length)), Error)
        << "cut to " << length << " of " << bytes.size();
}

// Returns how many of the damaged files were refused.
template <class Parse>
int flip_bits(const std::string& bytes, Parse parse, int tries = 1000) {
  Random random(7);
  int refused = 0;
  for (int i = 0; i < tries; ++i) {
    std::string broken = bytes;
    for (int64_t flips = 1 + random.below(3); flips > 0; --flips) {
      int64_t bit = random.below(static_cast<int64_t>(bytes.size()) * 8);
      broken[static_cast<size_t>(bit / 8)] ^= static_cast<char>(1 << (bit % 8));
    }
    try {
      parse(broken);
    } catch (const Error&) {
      ++refused;
    }
  }
  return refused;
}

}  // namespace espalier
