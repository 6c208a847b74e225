#include "espalier/core/parallel.h"

#include <atomic>
#include <vector>

#include "espalier/core/counted.h"
#include "espalier/core/interrupt.h"

#include "tests/expect_error.h"

namespace espalier {
namespace {

TEST(Parallel, EveryItemOnceWhateverTheWorkers) {
  for (int64_t workers : {0, 1, 3}) {
    std::vector<std::atomic<int>> seen(1000);
    Progress progress("test", 1000, "items");
    parallel_for(1000, workers, progress, [&](int64_t i) { ++seen[static_cast<size_t>(i)]; });
    for (const auto& count : seen) EXPECT_EQ(count, 1);
  }
}

TEST(Parallel, AnErrorStopsTheRestAndLeaves) {
  for (int64_t workers : {1, 3}) {
    std::atomic<int64_t> done{0};
    Progress progress("test", 1 << 20, "items");
    expect_error(
        [&] {
          parallel_for(1 << 20, workers, progress, [&](int64_t i) {
            ++done;
            if (i == 5) fail(Kind::data, "the sixth is bad");
          });
        },
        Kind::data, "the sixth is bad");
    EXPECT_LT(done, 1 << 20);
    request_interrupt();
    expect_error([&] { parallel_for(1 << 20, workers, progress, [&](int64_t) {}); },
                 Kind::interrupted, "stopped");
    request_interrupt(false);
  }
}

TEST(Counted, ThousandsAndPlurals) {
  EXPECT_EQ(with_commas(999), "999");
  EXPECT_EQ(with_commas(1234567), "1,234,567");
  EXPECT_EQ(with_commas(-123), "-123");
  EXPECT_EQ(with_commas(-123456), "-123,456");
  EXPECT_EQ(counted(1, "class", "classes"), "1 class");
  EXPECT_EQ(counted(1200, "class", "classes"), "1,200 classes");
  EXPECT_EQ(counted(0, "picture"), "0 pictures");
}

}  // namespace
}  // namespace espalier
