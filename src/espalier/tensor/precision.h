// fp32 or bf16 arithmetic. bf16 runs convolutions and products in bfloat16 under autocast, with
// fp32 weights, norms and losses; whether that is faster depends on the machine and on the net, so
// "auto" times the caller's own step in both.
//
//   Precision precision = choose_precision("auto", [&] { task.losses(batch).total.backward(); });
//   { Autocast scope(precision);  logits = net->forward(x); }
#pragma once

#include <functional>
#include <string>

namespace espalier {

enum class Precision { fp32, bf16 };

constexpr double kGainOfBf16 = 1.15;  // times faster, from which bf16 is worth its rounding

std::string name_of(Precision precision);

// "fp32" and "bf16" are taken at their word. "auto": times `step` in both (about a second) and
// takes bf16 when the processor computes in it and the step is at least 1.15 times faster; says so.
// The caller undoes what `step` changed. Throws Error(usage) for another word.
Precision choose_precision(const std::string& word, const std::function<void()>& step);

// Whether the processor has bf16 dot products or matrix units (AVX512-BF16, AMX).
bool processor_has_bf16();

class Autocast {
 public:
  explicit Autocast(Precision precision);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  bool was_enabled_;
};

}  // namespace espalier
