#include "espalier/core/interrupt.h"

#include <atomic>
#include <csignal>

namespace espalier {
namespace {

std::atomic<bool> stop_requested{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void on_signal(int number) {
  stop_requested = true;
  std::signal(number, SIG_DFL);
}

}  // namespace

void install_interrupt_handler() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  std::signal(SIGXFSZ, SIG_IGN);  // past a limit of file size the write fails, and says so
}

bool interrupted() {
  return stop_requested;
}

void request_interrupt(bool stop) {
  stop_requested = stop;
}

}  // namespace espalier
