// Files that PyTorch's torch.save wrote (.pth, .pt, .th): in the zip form of 1.6 and later, and in the
// legacy form, five pickles and raw storages. Nothing in them is ever run: of a pickle's possible
// calls only those that make tensors, parameters, ordered dicts and sizes are understood, and every
// other is refused by its name (format/pickle.h).
//
//   TorchFile file = TorchFile::read("resnet18.pth");
//   for (const StoredTensor& tensor : file.tensors()) use(tensor.name, tensor.shape, tensor.bytes);
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "espalier/core/files.h"
#include "espalier/format/stored_tensor.h"

namespace espalier {

class TorchFile {
 public:
  // Throws Error(io | format | unsupported) naming the file, the entry of the archive or the byte of
  // the pickle, and what to do. Storages are looked into, not copied; only tensors whose numbers do
  // not lie in a row are, and together they may not be larger than the file and a megabyte.
  static TorchFile read(const fs::path& path);
  // `place` stands in messages for the path.
  static TorchFile parse(std::string bytes, const std::string& place);
  static bool is_torch_file(std::string_view bytes);  // by its first bytes

  // Every tensor wherever it stands in dicts and lists, named by its path ("state_dict.conv1.weight",
  // "params.0"), in the file's order. What is not a tensor is left out. They live as long as a copy of
  // the TorchFile.
  const std::vector<StoredTensor>& tensors() const { return tensors_; }
  bool legacy() const { return legacy_; }

 private:
  void parse_zip();
  void parse_legacy();

  std::shared_ptr<const std::string> bytes_;
  std::vector<std::shared_ptr<const std::string>> copies_;
  std::vector<StoredTensor> tensors_;
  bool legacy_ = false;
};

// Whether a path ends as such files do: .pth, .pt or .th.
bool is_torch_name(const fs::path& path);

// Writes atomically, in the zip form, one OrderedDict of names to tensors, as torch.save does of a
// state_dict: torch.load(path, weights_only=True) takes it. Throws Error(io); Error(unsupported) for
// a type that PyTorch has no storage for, or 4 GiB and more.
void write_torch_file(const fs::path& path, const std::vector<StoredTensor>& tensors);

}  // namespace espalier
