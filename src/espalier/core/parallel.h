// Work on numbered items by several threads, with progress and an orderly stop.
//
//   parallel_for(files.size(), 2, progress, [&](int64_t i) { sizes[i] = look_at(files[i]); });
#pragma once

#include <cstdint>
#include <functional>

#include "espalier/core/progress.h"

namespace espalier {

// Calls body(i) once for each 0 <= i < count, in no promised order, from `workers` threads (0 or 1: the calling one)
// while the calling one advances the progress. The first exception stops the rest and leaves; so does Ctrl-C, as
// Error(interrupted).
void parallel_for(int64_t count,
                  int64_t workers,
                  Progress& progress,
                  const std::function<void(int64_t)>& body);

// The same for work that is over before anybody wonders: without progress.
void parallel_for(int64_t count, int64_t workers, const std::function<void(int64_t)>& body);

}  // namespace espalier
