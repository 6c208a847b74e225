#include "espalier/format/safetensors.h"

#include "fuzz/bear.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return espalier::bear(data, size, [size](std::string_view bytes) {
    espalier::Safetensors file = espalier::Safetensors::parse(std::string(bytes), "input");
    size_t held = 0;
    for (const espalier::StoredTensor& tensor : file.tensors()) held += tensor.bytes.size();
    if (held > size) std::abort();
  });
}
