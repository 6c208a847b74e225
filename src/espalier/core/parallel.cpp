#include "espalier/core/parallel.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "espalier/core/error.h"
#include "espalier/core/interrupt.h"

namespace espalier {
namespace {

void stop_if_asked() {
  if (interrupted()) fail(Kind::interrupted, "stopped");
}

struct Shared {
  std::atomic<int64_t> next{0}, done{0};
  std::atomic<bool> stopping{false};
  std::mutex mutex;
  std::condition_variable finished;
  std::exception_ptr broken;  // these two under the mutex
  size_t running = 0;
};

void work(Shared& shared, int64_t count, const std::function<void(int64_t)>& body) {
  std::exception_ptr broken;
  try {
    for (int64_t i; !shared.stopping && (i = shared.next++) < count; ++shared.done) body(i);
  } catch (...) {
    broken = std::current_exception();
    shared.stopping = true;
  }
  std::lock_guard lock(shared.mutex);
  if (broken && !shared.broken) shared.broken = broken;
  --shared.running;
  shared.finished.notify_one();
}

using Advance = std::function<void(int64_t)>;

void run(int64_t count,
         int64_t workers,
         const Advance& advance,
         const std::function<void(int64_t)>& body) {
  if (workers <= 1) {
    for (int64_t i = 0; i < count; ++i) {
      body(i);
      advance(1);
      stop_if_asked();
    }
    return;
  }
  Shared shared;
  std::vector<std::thread> threads;
  shared.running = static_cast<size_t>(workers);
  for (int64_t k = 0; k < workers; ++k) threads.emplace_back([&] { work(shared, count, body); });
  int64_t told = 0;
  {
    std::unique_lock lock(shared.mutex);
    while (!shared.finished.wait_for(lock, std::chrono::milliseconds(50),
                                     [&] { return shared.running == 0; })) {
      if (interrupted()) shared.stopping = true;
      const int64_t done = shared.done;
      advance(done - told);
      told = done;
    }
  }
  for (std::thread& thread : threads) thread.join();
  if (shared.broken) std::rethrow_exception(shared.broken);
  stop_if_asked();
  advance(count - told);
}

}  // namespace

void parallel_for(int64_t count,
                  int64_t workers,
                  Progress& progress,
                  const std::function<void(int64_t)>& body) {
  run(
      count, workers, [&](int64_t done) { progress.advance(done); }, body);
}

void parallel_for(int64_t count, int64_t workers, const std::function<void(int64_t)>& body) {
  run(
      count, workers, [](int64_t) {}, body);
}

}  // namespace espalier
