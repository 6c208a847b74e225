#include "espalier/core/memory.h"

#include <fstream>
#include <string>

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

}  // namespace espalier
