// The same seed gives the same bits: in another process, with any number of loader workers, with the same number of
// threads. docs/testing.md says where the number of threads changes bits.
#include "tests/faults/run_trials.h"
#include "tests/faults/trials.h"

namespace espalier {
namespace {

class Determinism : public ::testing::Test {
 protected:
  // All that the run leaves but the configuration, which says what was varied.
  void expect_same_bits(const std::string& a, const std::string& b) {
    for (const char* file : {"model.safetensors", "last/model.safetensors"})
      EXPECT_EQ(read_file(program_.root() / a / file), read_file(program_.root() / b / file))
          << a << " and " << b << ": " << file;
    EXPECT_EQ(log_of(program_.root() / a), log_of(program_.root() / b)) << a << " and " << b;
  }

  void run(const std::vector<std::string>& words) {
    Outcome outcome = program_.run(words);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
  }

  Program program_{"determinism"};
};

TEST_F(Determinism, TwoProcessesGiveTheSameBits) {
  for (const char* threads : {"1", "2"}) {
    std::string first = fmt::format("first-{}", threads),
                second = fmt::format("second-{}", threads);
    run(small_run(first, threads));
    run(small_run(second, threads));
    expect_same_run(program_.root() / first, program_.root() / second);
  }
  run(with(small_run("other"), {"--seed", "2"}));
  EXPECT_NE(read_file(program_.root() / "first-1/model.safetensors"),
            read_file(program_.root() / "other/model.safetensors"));
}

TEST_F(Determinism, AnyNumberOfLoaderWorkersGivesTheSameBits) {
  run(with(small_run("none"), {"--workers", "0"}));
  for (const char* workers : {"1", "3", "8"}) {
    run(with(small_run(workers), {"--workers", workers}));
    expect_same_bits("none", workers);
  }
}

}  // namespace
}  // namespace espalier
