// Any words behind "orchard:", as --data takes them, and a picture of what they ask for when it is small.
#include "espalier/data/splits.h"

#include "fuzz/bear.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return espalier::bear(data, size, [](std::string_view words) {
    std::string where = "orchard:" + std::string(words);
    espalier::DatasetPtr pictures = espalier::open_images(where);
    if (pictures->size() == 0 || where.find("size") != std::string::npos) return;
    espalier::Sample sample = pictures->read(pictures->size() - 1);
    if (sample.image.empty()) std::abort();
  });
}
