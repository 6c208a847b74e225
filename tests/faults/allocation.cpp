#include "tests/faults/allocation.h"

#include <atomic>
#include <cerrno>
#include <cstdlib>

#include <malloc.h>

namespace {

std::atomic<int64_t> now{0}, peak{0};

}  // namespace

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

// glibc's own functions behind the public names that this program defines for itself and all its libraries.
extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);
void __libc_free(void*);
}

namespace {

int64_t size_of(void* memory) {
  return memory == nullptr ? 0 : static_cast<int64_t>(malloc_usable_size(memory));
}

void* taken(void* memory) {
  int64_t held = now += size_of(memory);
  for (int64_t before = peak; held > before && !peak.compare_exchange_weak(before, held);) continue;
  return memory;
}

}  // namespace

extern "C" {

void* malloc(size_t size) {
  return taken(__libc_malloc(size));
}
void* calloc(size_t count, size_t size) {
  return taken(__libc_calloc(count, size));
}
void* realloc(void* memory, size_t size) {
  int64_t before = size_of(memory);
  void* moved = __libc_realloc(memory, size);
  if (moved != nullptr || size == 0) now -= before;
  return taken(moved);
}
void* memalign(size_t alignment, size_t size) {
  return taken(__libc_memalign(alignment, size));
}
void* aligned_alloc(size_t alignment, size_t size) {
  return taken(__libc_memalign(alignment, size));
}
int posix_memalign(void** memory, size_t alignment, size_t size) {
  *memory = taken(__libc_memalign(alignment, size));
  return *memory == nullptr ? ENOMEM : 0;
}
void free(void* memory) {
  now -= size_of(memory);
  __libc_free(memory);
}

}  // extern "C"

#endif

namespace espalier {

int64_t peak_allocation(const std::function<void()>& action) {
  int64_t before = now;
  peak = before;
  action();
  return peak - before;
}

}  // namespace espalier
