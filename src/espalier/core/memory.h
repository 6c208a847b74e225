// What this process holds of the machine's memory, in MiB.
//
//   double before = resident_mib();  ...  double grown = peak_resident_mib() - before;
#pragma once

#include <cstddef>

namespace espalier {

// Physical memory in use now, and the most that was in use since the program began (Linux's VmRSS and VmHWM). Unlike
// getrusage's figure the peak is this program's own, whatever process started it. 0 where the system does not tell.
double resident_mib();
double peak_resident_mib();

// Gives the whole pages inside of these bytes of the heap back to the system before they are freed: for what is read
// once, part by part. What they held is lost; they stay allocated and can be written again.
void give_back_pages(const void* begin, size_t bytes);

}  // namespace espalier
