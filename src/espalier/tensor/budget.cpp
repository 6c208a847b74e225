#include "espalier/tensor/budget.h"

#include <limits>

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include "espalier/core/error.h"

namespace espalier {
namespace {

constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();
// What a tensor costs beside its numbers; it also ends a claim of a million tiny layers.
constexpr int64_t kOverhead = 256;

thread_local int64_t left = kNoLimit;

// LibTorch's own CPU allocator behind a counter; memory and deleters are its.
class CountingAllocator final : public c10::Allocator {
 public:
  explicit CountingAllocator(c10::Allocator* inner) : inner_(inner) {}

  c10::DataPtr allocate(size_t bytes) override {
    if (left != kNoLimit) {
      if (bytes > static_cast<uint64_t>(left) || left - static_cast<int64_t>(bytes) < kOverhead)
        fail(Kind::format, "the file describes more numbers than it holds");
      left -= static_cast<int64_t>(bytes) + kOverhead;
    }
    return inner_->allocate(bytes);
  }
  c10::DeleterFnPtr raw_deleter() const override { return inner_->raw_deleter(); }
  bool is_simple_data_ptr(const c10::DataPtr& data) const override {
    return inner_->is_simple_data_ptr(data);
  }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    inner_->copy_data(to, from, bytes);
  }

 private:
  c10::Allocator* inner_;
};

void install_once() {
  static CountingAllocator* const counting = [] {
    auto* allocator =
        new CountingAllocator(c10::GetAllocator(c10::kCPU));  // lives as long as LibTorch
    c10::SetAllocator(c10::kCPU, allocator, /*priority=*/1);
    return allocator;
  }();
  (void)counting;
}

}  // namespace

AllocationBudget::AllocationBudget(int64_t bytes) {
  install_once();
  left = bytes;
}

AllocationBudget::~AllocationBudget() {
  left = kNoLimit;
}

}  // namespace espalier
