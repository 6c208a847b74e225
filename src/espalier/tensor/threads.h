// A piece of work with another number of threads than the rest of the process.
#pragma once

#include <cstdint>
#include <functional>

namespace espalier {

// LibTorch's kernels, MKL and OpenMP regions inside `body` use so many threads; the former number comes back when it
// ends or throws.
void with_threads(int64_t threads, const std::function<void()>& body);

}  // namespace espalier
