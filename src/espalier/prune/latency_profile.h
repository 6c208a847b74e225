// Several networks timed side by side, as a server and as a device would run them.
//
//   for (const LatencyPoint& point : latency_profile({before, after}, {1, 3, 32, 32}))
//     fmt::print("{} pictures, {} threads: {} ms\n", point.batch, point.threads, point.milliseconds[1]);
#pragma once

#include <cstdint>
#include <vector>

#include "espalier/deploy/graph.h"
#include "espalier/models/model.h"

namespace espalier {

struct LatencyPoint {
  int64_t batch = 1, threads = 1;
  std::vector<double> milliseconds;  // of the whole batch, one a network
};

// As exported: folded, fp32, in the runtime of deploy/network.h; the networks take turns. Batches of 1 and 32 pictures
// on one thread, and on two where the process has as many. `input`: the shape of one picture, {1, C, H, W}.
std::vector<LatencyPoint> latency_profile(const std::vector<ImageModelPtr>& models,
                                          const Shape& input);

}  // namespace espalier
