#include "espalier/tensor/precision.h"

#include <algorithm>
#include <chrono>

#include "espalier/core/error.h"
#include "espalier/core/progress.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

double fastest_seconds(Precision precision, const std::function<void()>& step) {
  double best = 1e30;
  for (int round = 0; round < 4; ++round) {
    auto start = std::chrono::steady_clock::now();
    {
      Autocast scope(precision);
      step();
    }
    std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    if (round > 0) best = std::min(best, taken.count());  // the first round warms caches and plans
    if (round > 0 && taken.count() > 2) break;
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
  double plain = fastest_seconds(Precision::fp32, step);
  double half = fastest_seconds(Precision::bf16, step);
  Precision chosen = plain > 1.15 * half ? Precision::bf16 : Precision::fp32;
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
