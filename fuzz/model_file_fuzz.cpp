// Any bytes as a model file; and bytes that open with a brace as the configuration beside good weights, so that
// the search is not held up at the frame around the JSON.
#include <fstream>

#include <fmt/format.h>

#include "espalier/format/safetensors.h"
#include "espalier/models/model_file.h"
#include "espalier/models/table.h"

#include "fuzz/bear.h"
#include "fuzz/memory_file.h"

namespace {

using namespace espalier;

// A folder with a small model: the weights alone in model.safetensors, their configuration beside it.
class SmallModel {
 public:
  SmallModel() : folder_(fs::temp_directory_path() / fmt::format("model_file_fuzz.{}", getpid())) {
    save_model(folder_, *make_model("resnet20", {{"width", 1}}),
               {.mean = {0.5, 0.5, 0.5}, .std = {0.2, 0.2, 0.2}, .input_size = 32});
    config_ = read_file(folder_ / "config.json", 1 << 20);
    // Without the checksum, which would stop every mutation at the same place.
    Safetensors whole = Safetensors::read(folder_ / "model.safetensors");
    std::map<std::string, std::string> metadata = whole.metadata();
    metadata.erase("crc32");
    write_safetensors(folder_ / "model.safetensors", whole.tensors(), metadata);
    file_ = read_file(folder_ / "model.safetensors", 1 << 20);
    write_safetensors(folder_ / "model.safetensors", whole.tensors());
  }
  ~SmallModel() { fs::remove_all(folder_); }

  const std::string& file() const { return file_; }  // with the configuration inside
  const std::string& config() const { return config_; }
  fs::path folder_with(std::string_view config) const {
    std::ofstream(folder_ / "config.json", std::ios::binary) << config;
    return folder_;
  }

 private:
  fs::path folder_;
  std::string file_, config_;
};

const SmallModel& small_model() {
  static const SmallModel model;
  return model;
}

}  // namespace

// The seeds are made here: no model among the golden files is small enough.
extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments) {
  fs::path corpus = (*arguments)[*count - 1];
  if (fs::is_directory(corpus)) {
    write_file_atomic(corpus / "model", small_model().file());
    write_file_atomic(corpus / "config", small_model().config());
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return bear(data, size, [](std::string_view bytes) {
    if (bytes.substr(0, 1) == "{")
      load_model(small_model().folder_with(bytes));
    else
      load_model(MemoryFile(bytes).path());
  });
}
