#include "espalier/core/memory.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <new>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

namespace espalier {
namespace {

// "VmHWM:	  123456 kB" of /proc/self/status.
double status_mib(const std::string& key) {
  std::ifstream stream("/proc/self/status");
  std::string line;
  while (std::getline(stream, line))
    if (line.starts_with(key + ":")) return std::stod(line.substr(key.size() + 1)) / 1024;
  return 0;
}

}  // namespace

double resident_mib() {
  return status_mib("VmRSS");
}

double peak_resident_mib() {
  return status_mib("VmHWM");
}

void give_back_pages(const void* begin, size_t bytes) {
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto from = reinterpret_cast<uintptr_t>(begin);
  const uintptr_t first = (from + page - 1) / page * page, end = (from + bytes) / page * page;
  if (first < end) ::madvise(reinterpret_cast<void*>(first), end - first, MADV_DONTNEED);
}

void* large_block(size_t bytes) {
  constexpr size_t kLargePage = size_t{2} << 20;
  const size_t alignment = bytes < kLargePage ? alignof(std::max_align_t) : kLargePage;
  const size_t rounded = (std::max(bytes, size_t{1}) + alignment - 1) / alignment * alignment;
  void* block = std::aligned_alloc(alignment, rounded);
  if (block == nullptr) throw std::bad_alloc();
  if (alignment == kLargePage) ::madvise(block, rounded, MADV_HUGEPAGE);  // a wish
  return block;
}

}  // namespace espalier
