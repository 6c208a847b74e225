// Any bytes as a file of torch.save; and bytes that open a pickle as the saved object of a good legacy file, so
// that the search is not held up at the frame around it.
#include "espalier/format/torch_file.h"

#include "fuzz/bear.h"
#include "tests/format/torch_bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return espalier::bear(data, size, [](std::string_view bytes) {
    std::string whole(bytes);
    if (bytes.starts_with("\x80") && !espalier::TorchFile::is_torch_file(bytes))
      whole = espalier::torch_bytes::legacy_around(whole);
    const size_t room = 2 * whole.size() + (1 << 20);
    espalier::TorchFile file = espalier::TorchFile::parse(std::move(whole), "input");
    size_t names = 0;
    for (const espalier::StoredTensor& tensor : file.tensors()) {
      names += tensor.name.size();
      // Each looks into memory that is there.
      for (char byte : tensor.bytes) names += static_cast<size_t>(byte == 0);
      if (tensor.bytes.size() > room) std::abort();
    }
  });
}
