// Disks that are full or read-only, limits on the size of files, two processes in one folder, a clock that was set back.
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "espalier/format/tfevents.h"

#include "tests/faults/folder_watch.h"
#include "tests/faults/run_trials.h"
#include "tests/faults/tiny_disk.h"
#include "tests/faults/trials.h"

namespace espalier {
namespace {

class Disk : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(program_.run(small_run("whole")).code, 0); }

  fs::path root() const { return program_.root(); }

  static std::vector<std::string> resume_of(const fs::path& run) {
    return {"train", "classify", "--out", run.string(), "--resume", "--threads", "1", "--quiet"};
  }

  // Exit code 4 and one line that names a file of the run and the reason.
  static void expect_located(const Outcome& outcome, const std::string& reason) {
    EXPECT_EQ(outcome.code, 4) << outcome.err;
    EXPECT_NE(outcome.err.find("run"), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find(reason), std::string::npos) << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  }

  // The state that is there is whole, and the run goes on from it to the bits of the undisturbed one.
  void expect_intact(const fs::path& run) {
    EXPECT_NO_THROW(Safetensors::read(run / "last.ckpt"));
    Outcome outcome = program_.run(resume_of(run));
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    expect_same_run(run, root() / "whole");
  }

  Program program_{"disk"};
};

TEST_F(Disk, AFullDiskLeavesTheStateBeforeIt) {
  TinyDisk disk(16 << 20);
  if (!disk.works()) GTEST_SKIP() << disk.reason();
  Tally tally;
  Random random(1);
  for (int i = 0; i < trials(2, 20) && !HasFailure(); ++i) {
    fs::path run = disk.root() / fmt::format("run-{}", i);
    make_folder(run);
    FolderWatch watch(run);
    pid_t child = program_.start(small_run(run));
    for (int64_t states = 1 + random.below(12); states > 0; --states) {
      ASSERT_TRUE(watch.wait_for("last.ckpt.part", 120));
      ASSERT_TRUE(watch.wait_for("last.ckpt", 120));
    }
    disk.fill();
    expect_located(program_.wait(child), "");
    disk.clear();
    expect_intact(run);
    tally.count("error names the file, state intact, resumed equal to the bit");
    fs::remove_all(run);
  }
  tally.record("disk full during a run");
}

TEST_F(Disk, ALimitOfFileSizeLeavesTheStateBeforeIt) {
  fs::path run = root() / "run";
  pid_t child = program_.start(small_run("run"));
  while (!fs::exists(run / "last.ckpt")) sleep_seconds(0.01);
  ::kill(child, SIGTERM);
  ASSERT_EQ(program_.wait(child).code, 130);
  std::string before = read_file(run / "last.ckpt");
  Tally tally;
  Random random(2);
  for (int i = 0; i < trials(2, 20) && !HasFailure(); ++i) {
    rlimit limit{};
    limit.rlim_cur = limit.rlim_max =
        static_cast<rlim_t>(20'000 + random.below(static_cast<int64_t>(before.size()) - 20'000));
    Outcome outcome = program_.run(resume_of(run), [&] { ::setrlimit(RLIMIT_FSIZE, &limit); });
    expect_located(outcome, "last.ckpt: File too large");
    EXPECT_EQ(read_file(run / "last.ckpt"), before);
    EXPECT_EQ(parts_in(run), std::vector<std::string>());
    tally.count("error names last.ckpt, state intact");
  }
  expect_intact(run);
  tally.record("write of a checkpoint cut off (RLIMIT_FSIZE)");
}

TEST_F(Disk, AFolderThatBecomesReadOnlyLeavesTheStateBeforeIt) {
  Tally tally;
  Random random(3);
  for (int i = 0; i < trials(2, 20) && !HasFailure(); ++i) {
    fs::path run = root() / fmt::format("run-{}", i);
    make_folder(run);
    FolderWatch watch(run);
    // Permissions hold for root too, once it has no capabilities.
    pid_t child = program_.start(small_run(run), [] { ::prctl(PR_SET_SECUREBITS, SECBIT_NOROOT); });
    for (int64_t states = 1 + random.below(12); states > 0; --states) {
      ASSERT_TRUE(watch.wait_for("last.ckpt.part", 120));
      ASSERT_TRUE(watch.wait_for("last.ckpt", 120));
    }
    fs::permissions(run, fs::perms(0555));
    Outcome outcome = program_.wait(child);
    fs::permissions(run, fs::perms(0755));
    expect_located(outcome, "Permission denied");
    expect_intact(run);
    tally.count("error names the file, state intact, resumed equal to the bit");
  }
  tally.record("run folder becomes read-only");
}

TEST_F(Disk, ASecondProcessInTheFolderIsRefused) {
  pid_t first = program_.start(small_run("run"));
  while (!fs::exists(root() / "run/config.toml")) sleep_seconds(0.005);
  Tally tally;
  for (const std::vector<std::string>& words :
       {small_run("run"), with(small_run("run"), {"--force"}), resume_of("run")}) {
    ::kill(first, SIGSTOP);  // so that it is there for as long as it takes
    Outcome second = program_.run(words);
    ::kill(first, SIGCONT);
    EXPECT_EQ(second.code, 2) << second.err;
    EXPECT_NE(second.err.find("another process is writing to run"), std::string::npos)
        << second.err;
    tally.count("second refused, first unharmed");
  }
  EXPECT_EQ(program_.wait(first).code, 0);
  expect_same_run(root() / "run", root() / "whole");
  tally.record("two processes on one run folder");
}

TEST_F(Disk, AClockThatWasSetBackDisturbsNothing) {
  // The first half wrote its events in what is the future for the second: TensorBoard reads files by name.
  fs::path run = root() / "run";
  pid_t child = program_.start(small_run("run"));
  while (!fs::exists(run / "last.ckpt")) sleep_seconds(0.01);
  ::kill(child, SIGTERM);
  ASSERT_EQ(program_.wait(child).code, 130);
  std::string future = "events.out.tfevents.4102444800.host.1";
  for (const auto& entry : fs::directory_iterator(run)) {
    if (entry.path().filename().string().starts_with("events.out."))
      fs::rename(entry.path(), run / future);
    fs::last_write_time(entry.path().filename() == "last.ckpt" ? entry.path() : run / "config.toml",
                        fs::file_time_type::clock::now() + std::chrono::hours(24 * 365));
  }
  ASSERT_EQ(program_.run(resume_of(run)).code, 0);
  expect_same_run(run, root() / "whole");
  std::vector<std::string> events;
  for (const auto& entry : fs::directory_iterator(run))
    if (entry.path().filename().string().starts_with("events.out."))
      events.push_back(entry.path().filename());
  std::sort(events.begin(), events.end());
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0], future);
  Tally tally;
  tally.count("resumed equal to the bit, event files in order");
  tally.record("clock set back between two halves of a run");
}

}  // namespace
}  // namespace espalier
