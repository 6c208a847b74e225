#include "espalier/deploy/onednn/plan.h"

#include <chrono>

#include <sys/mman.h>

#include "espalier/core/error.h"
#include "espalier/deploy/arena.h"
#include "espalier/tensor/torch.h"

namespace espalier::onednn {

using dnnl::memory;

namespace {

constexpr size_t kHugePage = size_t{2} << 20;

at::Tensor tensor_at(void* numbers, const memory::desc& desc) {
  return at::from_blob(numbers, desc.get_dims(), at::kFloat);
}

}  // namespace

void Plan::Free::operator()(void* block) const {
  std::free(block);
}

Plan::Plan(Layout layout) : output_(std::move(layout.output)), stream_(engine()) {
  std::vector<Tenant> tenants;
  size_t scratchpad = 0;
  for (const Layout::Buffer& buffer : layout.buffers)
    tenants.push_back({.bytes = buffer.bytes, .first = buffer.first, .last = buffer.last});
  tenants[Layout::kImages].bytes = tenants[Layout::kLogits].bytes = 0;
  for (const Step& step : layout.steps)
    if (step.primitive) scratchpad = std::max(scratchpad, step.primitive->scratchpad);
  tenants.push_back({.bytes = scratchpad, .first = 0, .last = layout.steps.size()});
  ArenaLayout places = lay_out(tenants);

  arena_bytes_ = (places.bytes + kHugePage - 1) / kHugePage * kHugePage;
  arena_.reset(std::aligned_alloc(kHugePage, std::max(arena_bytes_, kHugePage)));
  if (!arena_) fail(Kind::data, "{} MiB of memory are not to be had", arena_bytes_ >> 20);
  ::madvise(arena_.get(), arena_bytes_, MADV_HUGEPAGE);  // fewer misses of the page table; a wish
  auto address = [&](size_t tenant) {
    return static_cast<void*>(static_cast<char*>(arena_.get()) + places.offsets[tenant]);
  };

  // One memory object a place: those of the caller's buffers get their address at each run.
  auto memory_at = [&](const Place& place) {
    if (place.buffer == Layout::kImages) return images_.emplace_back(place.desc, engine(), nullptr);
    if (place.buffer == Layout::kLogits) return logits_.emplace_back(place.desc, engine(), nullptr);
    return memory(place.desc, engine(), address(place.buffer));
  };
  for (Step& step : layout.steps) {
    Ready& ready = steps_.emplace_back();
    if (step.primitive) {
      ready.name = std::move(step.primitive->name);
      ready.primitive = step.primitive->primitive;
      for (const auto& [argument, place] : step.primitive->values)
        ready.arguments.emplace(argument, memory_at(place));
      for (const auto& [argument, constant] : step.primitive->constants)
        ready.arguments.emplace(argument, constant);
      if (step.primitive->scratchpad) {
        memory::desc bytes({static_cast<int64_t>(step.primitive->scratchpad)},
                           memory::data_type::u8, memory::format_tag::a);
        ready.arguments.emplace(DNNL_ARG_SCRATCHPAD,
                                memory(bytes, engine(), address(tenants.size() - 1)));
      }
    } else {
      ready.name = std::move(step.kernel->name);
      ready.kernel = std::move(step.kernel->kernel);
      ready.inputs = std::move(step.kernel->constants);
      for (const auto& [input, place] : step.kernel->values)
        ready.inputs[input] = tensor_at(address(place.buffer), place.desc);
      ready.output = tensor_at(address(step.kernel->output.buffer), step.kernel->output.desc);
    }
  }
}

void Plan::bind(const at::Tensor& images, const at::Tensor& output) {
  for (memory& one : images_) one.set_data_handle(const_cast<void*>(images.const_data_ptr()));
  for (memory& one : logits_) one.set_data_handle(output.mutable_data_ptr());
}

void Plan::run_step(const Ready& step) {
  if (step.kernel)
    step.output.copy_(step.kernel(step.inputs));
  else
    step.primitive.execute(stream_, step.arguments);
}

at::Tensor Plan::run(const at::Tensor& images) {
  torch::NoGradGuard no_gradients;
  at::Tensor output = at::empty(output_, at::kFloat);
  bind(images, output);
  for (const Ready& step : steps_) run_step(step);
  stream_.wait();
  return output;
}

std::string Plan::profile(const at::Tensor& images, int rounds) {
  torch::NoGradGuard no_gradients;
  at::Tensor output = at::empty(output_, at::kFloat);
  bind(images, output);
  std::vector<double> milliseconds(steps_.size(), 0);
  for (int round = 0; round < rounds; ++round)
    for (size_t i = 0; i < steps_.size(); ++i) {
      auto start = std::chrono::steady_clock::now();
      run_step(steps_[i]);
      milliseconds[i] +=
          std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
              .count();
    }
  std::string text;
  for (size_t i = 0; i < steps_.size(); ++i)
    text += fmt::format("{:8.3f} ms  {}\n", milliseconds[i] / rounds, steps_[i].name);
  return text;
}

}  // namespace espalier::onednn
