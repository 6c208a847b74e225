#include "espalier/core/progress.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <functional>
#include <thread>

#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include "espalier/core/interrupt.h"

namespace espalier {
namespace {

std::string stderr_of(const std::function<void()>& action) {
  testing::internal::CaptureStderr();
  action();
  return testing::internal::GetCapturedStderr();
}

// What `action` writes when standard error is a terminal of 60 columns.
std::string terminal_of(const std::function<void()>& action) {
  int outer = -1, inner = -1;
  winsize size{.ws_row = 24, .ws_col = 60, .ws_xpixel = 0, .ws_ypixel = 0};
  if (openpty(&outer, &inner, nullptr, nullptr, &size) != 0) return "no terminal";
  int old = dup(STDERR_FILENO);
  dup2(inner, STDERR_FILENO);
  action();
  std::fflush(stderr);
  dup2(old, STDERR_FILENO);
  close(old);
  close(inner);
  std::string text;
  char block[4096];
  for (ssize_t n; (n = read(outer, block, sizeof block)) > 0;)
    text.append(block, static_cast<size_t>(n));
  close(outer);
  return text;
}

TEST(ClockText, ReadsLikeAClock) {
  EXPECT_EQ(clock_text(0), "0:00");
  EXPECT_EQ(clock_text(59.4), "0:59");
  EXPECT_EQ(clock_text(59.6), "1:00");
  EXPECT_EQ(clock_text(65), "1:05");
  EXPECT_EQ(clock_text(3599.9), "1:00:00");
  EXPECT_EQ(clock_text(2 * 3600 + 3 * 60 + 9), "2:03:09");
  EXPECT_EQ(clock_text(-3), "0:00");
  EXPECT_EQ(clock_text(1e300), "?");
}

TEST(Progress, IsOnePlainLineInALogFile) {
  std::string text = stderr_of([] {
    Progress progress("epoch 3/12", 200, "img");
    for (int i = 0; i < 20; ++i) progress.advance(10, "loss 0.412");
  });
  EXPECT_EQ(text.rfind("epoch 3/12  100 %  ", 0), 0u) << text;
  EXPECT_NE(text.find(" img/s  0:00  loss 0.412\n"), std::string::npos) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_EQ(text.find('\x1b'), std::string::npos) << "no control characters outside a terminal";
  EXPECT_EQ(text.find('\r'), std::string::npos);
}

TEST(Progress, EndsOnceWhetherFinishedOrDestroyed) {
  std::string text = stderr_of([] {
    Progress progress("reading", 0, "files");
    progress.advance(3);
    progress.finish("done");
    progress.finish("again");
  });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  EXPECT_NE(text.find("done"), std::string::npos);
  EXPECT_EQ(text.find('%'), std::string::npos) << "an unknown total has no share";
}

TEST(Progress, DrawsABarOnATerminalThatNewsDoesNotBreak) {
  std::string text = terminal_of([] {
    Progress progress("epoch 1/2", 1000, "img");
    std::this_thread::sleep_for(std::chrono::milliseconds(120));
    progress.advance(500, std::string(100, 'n'));
    say("saved");
  });
  size_t bar = text.find("\r\x1b[Kepoch 1/2   50 %");
  ASSERT_NE(bar, std::string::npos) << text;
  EXPECT_NE(text.find(" left"), std::string::npos);
  size_t news = text.find("\r\x1b[Ksaved");
  ASSERT_NE(news, std::string::npos) << text;
  EXPECT_LT(news - bar, 60u + 4u) << "a bar wider than the terminal would wrap";
}

TEST(Progress, QuietSilencesNewsButNotWarnings) {
  set_quiet(true);
  std::string text = stderr_of([] {
    Progress progress("epoch", 10, "img");
    progress.advance(10);
    progress.finish();
    say("news");
    warn("3 pictures were skipped");
  });
  set_quiet(false);
  EXPECT_EQ(text, "warning: 3 pictures were skipped\n");
}

TEST(Interrupt, TheFirstSignalAsksAndTheSecondEnds) {
  EXPECT_EXIT(
      {
        install_interrupt_handler();
        std::raise(SIGINT);
        if (!interrupted()) std::_Exit(1);
        std::raise(SIGINT);
        std::_Exit(2);
      },
      testing::KilledBySignal(SIGINT), "");
  EXPECT_EXIT(
      {
        install_interrupt_handler();
        std::raise(SIGTERM);
        std::_Exit(interrupted() ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST(Interrupt, CanBeAskedForAndTakenBack) {
  request_interrupt();
  EXPECT_TRUE(interrupted());
  request_interrupt(false);
  EXPECT_FALSE(interrupted());
}

}  // namespace
}  // namespace espalier
