#include "espalier/core/memory.h"

#include <cstdint>
#include <fstream>
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

}  // namespace espalier
