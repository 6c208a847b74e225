// A process that is killed, or asked to stop, at any moment leaves a run that goes on to the same bits.
#include "tests/faults/folder_watch.h"
#include "tests/faults/run_trials.h"
#include "tests/faults/trials.h"

namespace espalier {
namespace {

class Kill : public ::testing::Test {
 protected:
  // The run that nothing disturbs.
  void SetUp() override {
    Clock::time_point start = Clock::now();
    ASSERT_EQ(program_.run(small_run("whole")).code, 0);
    seconds_ = seconds_since(start);
  }

  fs::path root() const { return program_.root(); }

  // Runs to the end what was cut off in `name`, and says how it came to go on.
  std::string finish(const std::string& name) {
    bool had_state = fs::exists(root() / name / "last.ckpt");
    bool had_config = fs::exists(root() / name / "config.toml");
    std::vector<std::string> words = {"train",    "classify",  "--out", name,
                                      "--resume", "--threads", "1",     "--quiet"};
    if (!had_config) words = small_run(name);  // killed before it had said what it would do
    Outcome outcome = program_.run(words);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return had_state ? "resumed equal to the bit" : "begun anew equal to the bit";
  }

  void expect_as_whole(const std::string& name) {
    expect_same_run(root() / name, root() / "whole");
  }

  void stop_at_random_moments(int signal, int times, const std::string& fault) {
    Tally tally;
    Random random(static_cast<uint64_t>(signal));
    for (int i = 0; i < times && !HasFailure(); ++i) {
      std::string name = fmt::format("{}-{}", signal, i);
      pid_t child = program_.start(small_run(name));
      sleep_seconds(random.uniform(0, seconds_));
      ::kill(child, signal);
      int code = program_.wait(child).code;
      bool asked = signal != SIGKILL;
      EXPECT_TRUE(code == 0 || code == -signal || (asked && code == 130)) << code;
      // Before the handler stands, a signal ends the process as it ends any other.
      if (asked && code != 0) {
        EXPECT_EQ(fs::exists(root() / name / "last.ckpt"), code == 130);
      }
      std::string outcome = finish(name);
      expect_as_whole(name);
      tally.count(code == 0 ? "ended before it" : outcome);
      fs::remove_all(root() / name);
    }
    tally.record(fault);
  }

  Program program_{"kill"};
  double seconds_ = 0;
};

TEST_F(Kill, AtAnyMomentOfTraining) {
  stop_at_random_moments(SIGKILL, trials(3, 100), "SIGKILL at a random moment of training");
}

TEST_F(Kill, AnInterruptAtAnyMomentLeavesAResumableRun) {
  stop_at_random_moments(SIGINT, trials(2, 100), "SIGINT at a random moment");
}

TEST_F(Kill, ATerminationAtAnyMomentLeavesAResumableRun) {
  stop_at_random_moments(SIGTERM, trials(2, 100), "SIGTERM at a random moment");
}

TEST_F(Kill, WhileACheckpointIsWritten) {
  Tally tally;
  Random random(5);
  for (int i = 0; i < trials(3, 100) && !HasFailure(); ++i) {
    std::string name = fmt::format("checkpoint-{}", i);
    make_folder(root() / name);
    FolderWatch watch(root() / name);
    pid_t child = program_.start(small_run(name));
    bool seen = false;
    for (int64_t writes = 1 + random.below(15); writes > 0; --writes)
      ASSERT_TRUE(seen = watch.wait_for("last.ckpt.part", 120));
    sleep_seconds(random.uniform(0, 0.008));  // about what one takes
    ::kill(child, SIGKILL);
    program_.wait(child);
    bool torn = !parts_in(root() / name).empty();
    std::string outcome = finish(name);
    expect_as_whole(name);
    tally.count(outcome + (torn ? " (a part was left)" : " (just renamed)"));
    fs::remove_all(root() / name);
  }
  tally.record("SIGKILL while a checkpoint is written");
}

TEST_F(Kill, WhileTheReportIsWritten) {
  Tally tally;
  Random random(6);
  for (int i = 0; i < trials(3, 100) && !HasFailure(); ++i) {
    std::string name = fmt::format("report-{}", i);
    fs::copy(root() / "whole", root() / name, fs::copy_options::recursive);
    std::string before = read_file(root() / name / "report.html");
    FolderWatch watch(root() / name);
    std::vector<std::string> words = {"train",    "classify",  "--out", name,
                                      "--resume", "--threads", "1",     "--quiet"};
    pid_t child = program_.start(words);
    ASSERT_TRUE(watch.wait_for("summary.json.part", 120));
    sleep_seconds(random.uniform(0, 0.03));  // the summary, the page, its renaming
    ::kill(child, SIGKILL);
    program_.wait(child);
    bool torn = !parts_in(root() / name).empty();
    EXPECT_TRUE(is_whole_page(read_file(root() / name / "report.html")));
    EXPECT_TRUE(nlohmann::json::accept(read_file(root() / name / "summary.json")));
    finish(name);
    expect_as_whole(name);
    tally.count(torn ? "page and summary whole, resumed equal (a part was left)"
                     : "page and summary whole, resumed equal");
    fs::remove_all(root() / name);
  }
  tally.record("SIGKILL while summary and report are written");
}

TEST_F(Kill, ASecondSignalEndsItAtOnceAndNothingIsLost) {
  pid_t child = program_.start(small_run("twice"));
  sleep_seconds(seconds_ / 2);
  ::kill(child, SIGINT);
  ::kill(child, SIGTERM);
  program_.wait(child);
  finish("twice");
  expect_as_whole("twice");
}

}  // namespace
}  // namespace espalier
