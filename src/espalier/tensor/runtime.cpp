#include "espalier/tensor/runtime.h"

#include <fstream>
#include <thread>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Version.h>
#include <fmt/format.h>
#include <malloc.h>

#include "espalier/tensor/precision.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

std::string processor_name() {
  std::ifstream stream("/proc/cpuinfo");
  std::string line;
  while (std::getline(stream, line))
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown processor";
}

}  // namespace

void start_runtime(int64_t threads) {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 2147483647);
  if (threads <= 0) threads = std::max(1u, std::thread::hardware_concurrency());
  at::set_num_threads(static_cast<int>(threads));
}

int64_t runtime_threads() {
  return at::get_num_threads();
}

at::Tensor generator_state() {
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  std::lock_guard lock(generator.mutex());
  return generator.get_state().clone();
}

void set_generator_state(const at::Tensor& bytes) {
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  std::lock_guard lock(generator.mutex());
  generator.set_state(bytes);
}

void seed_generator(uint64_t seed) {
  torch::manual_seed(seed);
}

void to_channels_last(torch::nn::Module& module) {
  torch::NoGradGuard guard;
  for (at::Tensor& parameter : module.parameters())
    if (parameter.dim() == 4)
      parameter.set_data(parameter.contiguous(at::MemoryFormat::ChannelsLast));
}

std::string torch_version() {
  return TORCH_VERSION;
}

std::string machine_line() {
  return fmt::format("{}, {} threads, {}{}, LibTorch {}", processor_name(), runtime_threads(),
                     at::get_cpu_capability(), processor_has_bf16() ? " bf16" : "",
                     torch_version());
}

}  // namespace espalier
