// How many images a second something handles, the way a long job would feel it.
//
//   Rate rate = measure_rate({.repeats = 5, .seconds = 3}, [&] { step(); return batch; });
#pragma once

#include <cstdint>
#include <functional>

#include <nlohmann/json_fwd.hpp>

#include "espalier/core/fields.h"

#include "app/command_line.h"

namespace espalier {

struct RateConfig {
  int64_t repeats = 5;
  double seconds = 3;  // of all repeats together
  // Each repeat waits for a line on standard input, so that a driver can let several programs take turns; "ready" and
  // then each repeat's rate are lines on standard output.
  bool paced = false;
};
Fields fields(RateConfig& config);

struct Rate {
  double median = 0, lowest = 0, highest = 0;  // images a second, over the repeats
  int64_t calls = 0;                           // counted ones
};

// `call` handles some images and returns how many. Three calls and at least a fifth of a second warm up; then each
// repeat makes calls until its share of the seconds is over, one at least. Throws Error(interrupted) on Ctrl-C.
Rate measure_rate(const RateConfig& config, const std::function<int64_t()>& call);

// The rate, this machine and this process's memory, which was `resident_before` MiB before it began to work: a line for
// people, or with --json `record` with these keys added.
void print_rate(const CommandLine& line,
                nlohmann::ordered_json record,
                const Rate& rate,
                double resident_before);

}  // namespace espalier
