#include "espalier/tensor/precision.h"

#include <algorithm>
#include <chrono>

#include "espalier/core/error.h"
#include "espalier/core/progress.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

double seconds_of(Precision precision, const std::function<void()>& step) {
  const auto start = std::chrono::steady_clock::now();
  Autocast scope(precision);
  step();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

struct Timing {
  double plain = 1e30, half = 1e30;  // the fastest step of each, seconds
};

// By turns, after one step of each that warms caches and plans, until the ratio is far from where the choice turns or has
// been seen three times.
Timing time_both(const std::function<void()>& step) {
  Timing best;
  for (int round = 0; round < 4; ++round) {
    const double plain = seconds_of(Precision::fp32, step),
                 half = seconds_of(Precision::bf16, step);
    if (round == 0) continue;
    best.plain = std::min(best.plain, plain);
    best.half = std::min(best.half, half);
    const double ratio = best.plain / best.half;
    if (ratio > 1.3 * kGainOfBf16 || ratio < kGainOfBf16 / 1.3 || plain + half > 4) break;
  }
  return best;
}

}  // namespace

std::string name_of(Precision precision) {
  return precision == Precision::bf16 ? "bf16" : "fp32";
}

bool processor_has_bf16() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

Precision choose_precision(const std::string& word, const std::function<void()>& step) {
  if (word == "fp32") return Precision::fp32;
  if (word == "bf16") return Precision::bf16;
  if (word != "auto") fail(Kind::usage, "precision: '{}' is not auto, fp32 or bf16", word);
  if (!processor_has_bf16()) return Precision::fp32;
  const auto [plain, half] = time_both(step);
  Precision chosen = plain > kGainOfBf16 * half ? Precision::bf16 : Precision::fp32;
  say(fmt::format("precision: {} (a step takes {:.0f} ms in fp32, {:.0f} ms in bf16)",
                  name_of(chosen), plain * 1e3, half * 1e3));
  return chosen;
}

Autocast::Autocast(Precision precision)
    : was_enabled_(at::autocast::is_autocast_enabled(at::kCPU)) {
  at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  at::autocast::set_autocast_enabled(at::kCPU, precision == Precision::bf16);
}

Autocast::~Autocast() {
  at::autocast::set_autocast_enabled(at::kCPU, was_enabled_);
  at::autocast::clear_cache();
}

}  // namespace espalier
