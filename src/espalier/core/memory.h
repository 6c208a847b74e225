// What this process holds of the machine's memory, in MiB.
//
//   double before = resident_mib();  ...  double grown = peak_resident_mib() - before;
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>

namespace espalier {

// Physical memory in use now, and the most that was in use since the program began (Linux's VmRSS and VmHWM). Unlike
// getrusage's figure the peak is this program's own, whatever process started it. 0 where the system does not tell.
double resident_mib();
double peak_resident_mib();

// Gives the whole pages inside of these bytes of the heap back to the system before they are freed: for what is read
// once, part by part. What they held is lost; they stay allocated and can be written again.
void give_back_pages(const void* begin, size_t bytes);

// Memory for large numbers of plain values that are all written before they are read: not set to anything, and on large
// pages where the system has them. Throws std::bad_alloc.
struct FreeLarge {
  void operator()(void* block) const { std::free(block); }
};
template <class T>
using LargeArray = std::unique_ptr<T[], FreeLarge>;

void* large_block(size_t bytes);
template <class T>
LargeArray<T> large_array(size_t count) {
  return LargeArray<T>(static_cast<T*>(large_block(count * sizeof(T))));
}

}  // namespace espalier
