// What a piece of code allocates at most at one time, counted in malloc itself: C++, LibTorch and the C libraries of the
// pictures all come through it. Not with the sanitizers, which have a malloc of their own.
//
//   int64_t bytes = peak_allocation([&] { read(file); });
#pragma once

#include <cstdint>
#include <functional>

namespace espalier {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kCountsAllocations = false;
#else
constexpr bool kCountsAllocations = true;
#endif

// Above what was allocated before; of all threads. 0 where nothing is counted.
int64_t peak_allocation(const std::function<void()>& action);

}  // namespace espalier
