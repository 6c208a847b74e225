#include "espalier/format/run_table.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/expect_error.h"

namespace espalier {
namespace {

class RunTables : public testing::Test {
 protected:
  fs::path path =
      fs::path(testing::TempDir()) / fmt::format("espalier_run_table_{}.csv", ::getpid());
  RunTables() { fs::remove(path); }
  ~RunTables() override { fs::remove(path); }
  RunTable open() { return RunTable::open(path, {"variant", "seed"}, {"accuracy", "seconds"}); }
};

TEST_F(RunTables, GrowAndAreReadAgain) {
  RunTable table = open();
  EXPECT_FALSE(table.has({"plain", "0"}));
  table.add({"plain", "0"}, {0.1 + 0.2, 3});
  table.add({"a, \"b\"", "1"}, {1, 4});
  RunTable again = open();
  EXPECT_EQ(again.size(), 2u);
  EXPECT_EQ(again.value({"plain", "0"}, "accuracy"), 0.1 + 0.2);
  EXPECT_EQ(again.value({"a, \"b\"", "1"}, "seconds"), 4);
  EXPECT_FALSE(again.value({"plain", "1"}, "accuracy"));
  again.add({"plain", "1"}, {0.5, 2});
  EXPECT_EQ(open().size(), 3u);
}

TEST_F(RunTables, WhatDoesNotFitIsNamedWithItsLine) {
  write_file_atomic(path, "variant,seed,accuracy\nplain,0,1\n");
  expect_error([&] { open(); }, Kind::format, "line 1");
  write_file_atomic(path, "variant,seed,accuracy,seconds\nplain,0,1,x\n");
  expect_error([&] { open(); }, Kind::format, "line 2: 'x'");
  write_file_atomic(path, "variant,seed,accuracy,seconds\nplain,0,1,2\nplain,0,1,2\n");
  expect_error([&] { open(); }, Kind::format, "line 3");
}

}  // namespace
}  // namespace espalier
