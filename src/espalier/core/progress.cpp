#include "espalier/core/progress.h"

#include <algorithm>
#include <atomic>
#include <cstdio>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace espalier {
namespace {

using Clock = std::chrono::steady_clock;

std::atomic<bool> is_quiet{false};
std::atomic<bool> bar_is_open{false};

bool on_terminal() {
  return isatty(STDERR_FILENO) != 0;
}

size_t terminal_width() {
  winsize size{};
  bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  return known ? size.ws_col : 80;
}

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void print_line(const std::string& line) {
  const char* clear = bar_is_open.exchange(false) ? "\r\x1b[K" : "";
  std::fputs((clear + line + "\n").c_str(), stderr);
}

// "12.3 k", "840": a rate short enough for one column.
std::string short_number(double value) {
  if (value >= 1e6) return fmt::format("{:.1f} M", value / 1e6);
  if (value >= 1e4) return fmt::format("{:.1f} k", value / 1e3);
  return value >= 100 ? fmt::format("{:.0f}", value) : fmt::format("{:.1f}", value);
}

}  // namespace

void set_quiet(bool quiet) {
  is_quiet = quiet;
}
bool quiet() {
  return is_quiet;
}

void say(const std::string& line) {
  if (!is_quiet) print_line(line);
}

void warn(const std::string& line) {
  print_line("warning: " + line);
}

std::string clock_text(double seconds) {
  if (!(seconds < 1e9)) return "?";
  int64_t whole = static_cast<int64_t>(std::max(seconds, 0.0) + 0.5);
  if (whole >= 3600)
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

Progress::Progress(std::string what, int64_t total, std::string unit)
    : what_(std::move(what)),
      unit_(std::move(unit)),
      total_(total),
      start_(Clock::now()),
      shown_(start_) {}

Progress::~Progress() {
  finish(last_note_);
}

double Progress::seconds() const {
  return since(start_);
}

std::string Progress::line(const std::string& note) const {
  double elapsed = seconds();
  double rate = elapsed > 0 ? static_cast<double>(done_) / elapsed : 0;
  std::string text = what_;
  if (total_ > 0)
    text += fmt::format("  {:3.0f} %",
                        100.0 * static_cast<double>(done_) / static_cast<double>(total_));
  text += fmt::format("  {} {}/s", short_number(rate), unit_);
  if (finished_ || total_ <= 0 || rate <= 0)
    text += "  " + clock_text(elapsed);
  else
    text += fmt::format("  {} left", clock_text(static_cast<double>(total_ - done_) / rate));
  if (!note.empty()) text += "  " + note;
  return text;
}

void Progress::advance(int64_t count, const std::string& note) {
  done_ += count;
  if (!note.empty()) last_note_ = note;
  if (is_quiet || since(shown_) < (on_terminal() ? 0.1 : 15.0)) return;
  shown_ = Clock::now();
  if (!on_terminal()) return print_line(line(last_note_));
  bar_is_open = true;
  // A line longer than the terminal would wrap, and only its last row be cleared.
  std::fputs(("\r\x1b[K" + line(last_note_).substr(0, terminal_width() - 1)).c_str(), stderr);
}

void Progress::finish(const std::string& note) {
  if (finished_) return;
  finished_ = true;
  if (!is_quiet) print_line(line(note.empty() ? last_note_ : note));
}

}  // namespace espalier
