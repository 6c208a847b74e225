#include "espalier/core/memory.h"

#include <string>

#include <gtest/gtest.h>

namespace espalier {
namespace {

TEST(Memory, PagesAreGivenBackAndTheirNeighboursKept) {
  std::string bytes(8 << 20, 'x');
  const double before = resident_mib();
  give_back_pages(bytes.data() + 100, bytes.size() - 200);
  EXPECT_LT(resident_mib(), before - 7);
  EXPECT_EQ(bytes.substr(0, 100), std::string(100, 'x'));
  EXPECT_EQ(bytes.substr(bytes.size() - 100), std::string(100, 'x'));
  bytes[4 << 20] = 'y';
  EXPECT_EQ(bytes[4 << 20], 'y');
}

}  // namespace
}  // namespace espalier
