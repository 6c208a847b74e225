#include "espalier/format/idx.h"

#include "fuzz/bear.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return espalier::bear(data, size, [](std::string_view bytes) {
    espalier::Idx idx = espalier::parse_idx(std::string(bytes));
    if (idx.numbers().size() + 4 + 4 * idx.shape.size() != bytes.size()) std::abort();
  });
}
