#include "espalier/format/number_text.h"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <random>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace espalier {
namespace {

// The C library rounds to the nearest.
void expect_as_strtod(const std::string& text) {
  double value = 0;
  ASSERT_TRUE(read_number(text, value)) << text;
  const double truth = std::strtod(text.c_str(), nullptr);
  ASSERT_EQ(std::bit_cast<uint64_t>(value), std::bit_cast<uint64_t>(truth)) << text;
}

TEST(NumberText, AllLengthsAndPlacesOfThePoint) {
  std::mt19937_64 random(1);
  for (int digits = 1; digits <= 20; ++digits)
    for (int point = -1; point <= digits; ++point)
      for (const char* sign : {"", "-", "+"})
        for (int repeat = 0; repeat < 8; ++repeat) {
          std::string text;
          for (int i = 0; i < digits; ++i) text += static_cast<char>('0' + random() % 10);
          if (point >= 0) text.insert(static_cast<size_t>(point), ".");
          expect_as_strtod(sign[0] == '+' ? text : sign + text);
          double plus = 0, plain = 0;
          ASSERT_TRUE(read_number("+" + text, plus) && read_number(text, plain));
          ASSERT_EQ(plus, plain);
        }
}

TEST(NumberText, WhatIsPrintedShortestReadsBack) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 200000; ++i) {
    const double value = std::bit_cast<double>(random());
    if (std::isfinite(value)) expect_as_strtod(fmt::format("{}", value));
    expect_as_strtod(fmt::format("{:.4f}", static_cast<double>(random() % 100000000) / 9973));
  }
}

TEST(NumberText, AnyOtherCharacterIsRefusedWhereverItStands) {
  double value = 0;
  for (const std::string text :
       {"1234567.12345678", "1", "12", "123", "-1234", "12345678", "123456789"})
    for (size_t at = 0; at < text.size(); ++at)
      for (int c = 0; c < 256; ++c) {
        std::string other = text;
        other[at] = static_cast<char>(c);
        char* end = nullptr;
        std::strtod(other.c_str(), &end);
        const bool number =
            end == other.c_str() + other.size() && !std::isspace(c) && c != 'x' && c != 'X';
        EXPECT_EQ(read_number(other, value), number) << other;
      }
  for (const std::string text :
       {"", ".", "-", "+", "-.", "1.2.3", "1..2", ".1.", "1e", "0x10", "--1", "+-1", "nan(1)"})
    EXPECT_FALSE(read_number(text, value)) << text;
  ASSERT_TRUE(read_number("-Inf", value));
  EXPECT_EQ(value, -INFINITY);
  ASSERT_TRUE(read_number("NaN", value));
  EXPECT_TRUE(std::isnan(value));
}

}  // namespace
}  // namespace espalier
