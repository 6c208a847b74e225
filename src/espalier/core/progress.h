// Progress of long work on standard error: a bar with rate and time left on a terminal, a plain
// line now and then elsewhere (a log file reads well), nothing when quiet.
//
//   Progress progress("epoch 3/12", batches, "img");
//   progress.advance(batch_size, "loss 0.412");
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace espalier {

void set_quiet(bool quiet);
bool quiet();

// One line of news on standard error, unless quiet; never lost in the middle of a bar.
void say(const std::string& line);
// A warning is shown also when quiet.
void warn(const std::string& line);

class Progress {
 public:
  // `total` in `unit`s (0: unknown).
  Progress(std::string what, int64_t total, std::string unit);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void advance(int64_t count, const std::string& note = "");
  // Ends the bar with its last line; the destructor does so too.
  void finish(const std::string& note = "");

  double seconds() const;

 private:
  std::string line(const std::string& note) const;

  std::string what_, unit_, last_note_;
  int64_t total_, done_ = 0;
  bool finished_ = false;
  std::chrono::steady_clock::time_point start_, shown_;
};

// "1:05", "2:03:09": whole seconds as a clock.
std::string clock_text(double seconds);

}  // namespace espalier
