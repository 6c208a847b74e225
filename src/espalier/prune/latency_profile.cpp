#include "espalier/prune/latency_profile.h"

#include "espalier/prune/latency_model.h"
#include "espalier/tensor/runtime.h"
#include "espalier/tensor/threads.h"

namespace espalier {

std::vector<LatencyPoint> latency_profile(const std::vector<ImageModelPtr>& models,
                                          const Shape& input) {
  std::vector<LatencyPoint> points;
  for (int64_t batch : {1, 32})
    for (int64_t threads : {1, 2}) {
      if (threads > runtime_threads()) continue;
      Shape images = input;
      images[0] = batch;
      with_threads(threads, [&] {
        points.push_back({batch, threads, measured_latencies(models, images)});
      });
    }
  return points;
}

}  // namespace espalier
