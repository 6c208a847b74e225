// The state of LibTorch in this process: threads, allocator, generator, memory format.
//
//   start_runtime({.threads = 2});
//   at::Tensor saved = generator_state();  ...  set_generator_state(saved);
#pragma once

#include <cstdint>
#include <string>

#include <ATen/core/Tensor.h>

namespace torch::nn {
class Module;
}

namespace espalier {

// Call once before the first tensor. threads 0: all cores. Raises malloc's thresholds so that large
// activations are not mapped and unmapped at each layer (7 to 20 % of a step).
void start_runtime(int64_t threads);
int64_t runtime_threads();

// The default CPU generator's state as bytes, and its return.
at::Tensor generator_state();
void set_generator_state(const at::Tensor& bytes);
void seed_generator(uint64_t seed);

// 4-d parameters to channels-last, before their first gradient exists.
void to_channels_last(torch::nn::Module& module);

// "AMD EPYC, 2 threads, AVX512 bf16, LibTorch 2.13.0": what a measurement needs beside it.
std::string machine_line();
std::string torch_version();

}  // namespace espalier
