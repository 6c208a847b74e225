#include "espalier/tensor/latency.h"

#include <algorithm>
#include <chrono>
#include <vector>

namespace espalier {

namespace {

constexpr int kWarm = 3;
constexpr size_t kLeast = 5, kMost = 50;  // counted calls
constexpr double kEnough = 500;           // milliseconds of each

double median(std::vector<double>& times) {
  auto middle = times.begin() + static_cast<ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

}  // namespace

double median_milliseconds(const std::function<void()>& call) {
  return medians_in_turns({call}).front();
}

std::vector<double> medians_in_turns(const std::vector<std::function<void()>>& calls) {
  if (calls.empty()) return {};
  for (const auto& call : calls)
    for (int i = 0; i < kWarm; ++i) call();
  std::vector<std::vector<double>> times(calls.size());
  double total = 0;
  while (times[0].size() < kLeast ||
         (times[0].size() < kMost && total < kEnough * static_cast<double>(calls.size())))
    for (size_t i = 0; i < calls.size(); ++i) {
      auto start = std::chrono::steady_clock::now();
      calls[i]();
      std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - start;
      times[i].push_back(taken.count());
      total += taken.count();
    }
  std::vector<double> medians;
  for (std::vector<double>& one : times) medians.push_back(median(one));
  return medians;
}

}  // namespace espalier
