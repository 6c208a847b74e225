#include "espalier/core/error.h"

#include <stdexcept>

#include <gtest/gtest.h>

namespace espalier {
namespace {

TEST(Error, ExitCodesAreTheDocumentedOnes) {
  EXPECT_EQ(exit_code(Kind::usage), 2);
  EXPECT_EQ(exit_code(Kind::data), 3);
  EXPECT_EQ(exit_code(Kind::format), 4);
  EXPECT_EQ(exit_code(Kind::io), 4);
  EXPECT_EQ(exit_code(Kind::unsupported), 5);
  EXPECT_EQ(exit_code(Kind::internal), 70);
  EXPECT_EQ(exit_code(Kind::interrupted), 130);
}

TEST(Error, ContextStandsOutermostFirst) {
  try {
    with_context("training", [] {
      with_context("reading labels.csv, line 14",
                   [] { fail(Kind::data, "label {} is outside 0..{}", 12, 9); });
    });
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "training: reading labels.csv, line 14: label 12 is outside 0..9");
    EXPECT_EQ(error.kind(), Kind::data);
  }
}

TEST(Error, ContextReturnsTheValueAndLeavesOtherExceptionsAlone) {
  EXPECT_EQ(with_context("adding", [] { return 4; }), 4);
  int value = 1;
  static_assert(std::is_same_v<decltype(with_context("x", [&]() -> int& { return value; })), int&>);
  try {
    with_context("adding", [] { throw std::runtime_error("as it was"); });
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "as it was");
  }
}

}  // namespace
}  // namespace espalier
