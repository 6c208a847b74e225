#include "espalier/tensor/latency.h"

#include <algorithm>
#include <chrono>
#include <vector>

namespace espalier {

double median_milliseconds(const std::function<void()>& call) {
  for (int i = 0; i < 3; ++i) call();
  std::vector<double> times;
  double total = 0;
  while (times.size() < 5 || (times.size() < 50 && total < 500)) {
    auto start = std::chrono::steady_clock::now();
    call();
    std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - start;
    times.push_back(taken.count());
    total += taken.count();
  }
  auto middle = times.begin() + static_cast<ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

}  // namespace espalier
