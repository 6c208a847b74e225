// safetensors: named arrays of plain numbers in one file
// (https://github.com/huggingface/safetensors, "Format"): eight bytes of header length, a JSON
// header, raw little-endian data. No tensor library is needed here.
//
//   Safetensors file = Safetensors::read("model.safetensors");
//   if (const StoredTensor* w = file.find("fc.weight")) use(w->shape, w->bytes);
//   write_safetensors("out.safetensors", {{"fc.weight", "F32", {10, 64}, bytes_of(weights)}},
//   {{"format", "pt"}});
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "espalier/core/files.h"
#include "espalier/format/stored_tensor.h"

namespace espalier {

// A parsed file. It owns the bytes that its tensors look into; copies share them.
class Safetensors {
 public:
  // Throws Error(io | format | unsupported) naming the file and the tensor. Everything the format
  // demands is checked: header of at most 100 MB, no name twice, data without holes or overlap,
  // sizes that match shapes.
  static Safetensors read(const fs::path& path);
  // `place` stands in messages for the path.
  static Safetensors parse(std::string bytes, const std::string& place);

  // In the order of their data.
  const std::vector<StoredTensor>& tensors() const { return tensors_; }
  const StoredTensor* find(std::string_view name) const;  // null when there is none
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

 private:
  void parse_header();

  std::shared_ptr<const std::string> bytes_;
  std::vector<StoredTensor> tensors_;
  std::unordered_map<std::string, size_t> place_of_;
  std::map<std::string, std::string> metadata_;
};

// Writes atomically, in the reference's order (wide types first, then by name: all aligned). Throws
// Error(io | internal). A metadata entry "crc32", whatever it says, becomes the file's checksum, its
// own digits taken as zeros; parse() refuses bytes that do not give it.
void write_safetensors(const fs::path& path,
                       const std::vector<StoredTensor>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace espalier
