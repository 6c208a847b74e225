#include "app/rate.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/core/interrupt.h"
#include "espalier/core/memory.h"
#include "espalier/tensor/runtime.h"

namespace espalier {
namespace {

constexpr int kWarmCalls = 3;
constexpr double kWarmSeconds = 0.2;

struct Stretch {
  int64_t calls = 0, images = 0;
  double seconds = 0;
};

Stretch call_for(double seconds, int64_t least_calls, const std::function<int64_t()>& call) {
  Stretch stretch;
  auto start = std::chrono::steady_clock::now();
  while (stretch.calls < least_calls || stretch.seconds < seconds) {
    if (interrupted()) fail(Kind::interrupted, "stopped while measuring");
    stretch.images += call();
    ++stretch.calls;
    std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    stretch.seconds = taken.count();
  }
  return stretch;
}

void tell(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

void wait_for_turn() {
  std::string line;
  if (!std::getline(std::cin, line))
    fail(Kind::usage, "paced: standard input ended before the last repeat");
}

}  // namespace

Fields fields(RateConfig& config) {
  return {
      field("repeats", config.repeats, "measurements; their median is the result").between(1, 1000),
      field("seconds", config.seconds, "length of all measurements together").between(0, 3600),
      field("paced", config.paced,
            "wait for a line on standard input before each measurement, print each rate")};
}

Rate measure_rate(const RateConfig& config, const std::function<int64_t()>& call) {
  call_for(kWarmSeconds, kWarmCalls, call);
  if (config.paced) tell("ready");
  Rate rate;
  std::vector<double> rates;
  for (int64_t i = 0; i < config.repeats; ++i) {
    if (config.paced) wait_for_turn();
    Stretch stretch = call_for(config.seconds / static_cast<double>(config.repeats), 1, call);
    rates.push_back(static_cast<double>(stretch.images) / stretch.seconds);
    if (config.paced) tell(fmt::format("{}", rates.back()));
    rate.calls += stretch.calls;
  }
  std::sort(rates.begin(), rates.end());
  size_t middle = rates.size() / 2;
  rate.lowest = rates.front();
  rate.highest = rates.back();
  rate.median = rates.size() % 2 ? rates[middle] : (rates[middle - 1] + rates[middle]) / 2;
  return rate;
}

void print_rate(const CommandLine& line,
                nlohmann::ordered_json record,
                const Rate& rate,
                double resident_before) {
  record["images_per_second"] = rate.median;
  record["lowest"] = rate.lowest;
  record["highest"] = rate.highest;
  record["calls"] = rate.calls;
  record["peak_mib"] = peak_resident_mib();
  record["grown_mib"] = peak_resident_mib() - resident_before;
  record["machine"] = machine_line();
  if (line.common().json) {
    fmt::print("{}\n", record.dump());
    return;
  }
  fmt::print("{:.1f} images a second ({:.1f} .. {:.1f}), {:.0f} MiB at most\n", rate.median,
             rate.lowest, rate.highest, peak_resident_mib());
}

}  // namespace espalier
