#include "espalier/core/memory.h"

#include <cstdint>
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

TEST(Memory, LargeArraysAreWritableWhateverTheirSize) {
  for (const size_t count : {size_t{0}, size_t{3}, size_t{1} << 18, (size_t{1} << 18) + 1}) {
    const LargeArray<uint64_t> array = large_array<uint64_t>(count);
    for (size_t i = 0; i < count; ++i) array[i] = i;
    if (count > 0) {
      EXPECT_EQ(array[count - 1], count - 1);
    }
    EXPECT_EQ(reinterpret_cast<uintptr_t>(array.get()) % alignof(uint64_t), 0);
  }
}

}  // namespace
}  // namespace espalier
