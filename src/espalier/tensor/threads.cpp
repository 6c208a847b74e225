#include "espalier/tensor/threads.h"

#include "espalier/tensor/torch.h"

namespace espalier {

void with_threads(int64_t threads, const std::function<void()>& body) {
  struct Number {
    int before = at::get_num_threads();
    ~Number() { at::set_num_threads(before); }
  } number;
  at::set_num_threads(static_cast<int>(threads));
  body();
}

}  // namespace espalier
