#include <deque>
#include <unordered_set>

#include "espalier/core/error.h"
#include "espalier/format/torch_file.h"
#include "espalier/format/torch_types.h"
#include "espalier/format/zip.h"

namespace espalier {
namespace {

void append_bytes(std::string& pickle, uint64_t value, int width) {
  for (int i = 0; i < width; ++i) pickle += static_cast<char>(value >> (8 * i));
}

void append_text(std::string& pickle, std::string_view text) {
  pickle += 'X';
  append_bytes(pickle, text.size(), 4);
  pickle += text;
}

void append_integer(std::string& pickle, int64_t value) {
  if (value >= 0 && value < 256) {
    pickle += 'K';
    append_bytes(pickle, static_cast<uint64_t>(value), 1);
  } else if (value >= INT32_MIN && value <= INT32_MAX) {
    pickle += 'J';
    append_bytes(pickle, static_cast<uint64_t>(value), 4);
  } else {
    pickle += "\x8a\x08";
    append_bytes(pickle, static_cast<uint64_t>(value), 8);
  }
}

void append_tuple(std::string& pickle, const std::vector<int64_t>& values) {
  pickle += '(';
  for (int64_t value : values) append_integer(pickle, value);
  pickle += 't';
}

// _rebuild_tensor_v2(storage, 0, size, stride, requires_grad = False, hooks = OrderedDict())
void append_tensor(std::string& pickle, const StoredTensor& tensor, size_t key) {
  const TorchType* type = torch_type_of(tensor.dtype);
  if (type == nullptr)
    fail(Kind::unsupported, "tensor '{}': PyTorch has no storage for {}", tensor.name,
         tensor.dtype);
  int64_t width = stored_width(tensor.dtype), size = stored_size(tensor.shape, width);
  if (size < 0 || static_cast<size_t>(size) != tensor.bytes.size())
    fail(Kind::internal, "tensor '{}' has {} bytes, its shape needs {}", tensor.name,
         tensor.bytes.size(), size);
  std::vector<int64_t> strides(tensor.shape.size(), 1);
  for (size_t i = strides.size(); i-- > 1;)
    strides[i - 1] = strides[i] * std::max<int64_t>(tensor.shape[i], 1);
  pickle += "ctorch._utils\n_rebuild_tensor_v2\n((";
  append_text(pickle, "storage");
  pickle += fmt::format("ctorch\n{}\n", type->storage);
  append_text(pickle, fmt::to_string(key));
  append_text(pickle, "cpu");
  append_integer(pickle, size / width);
  pickle += "tQK";
  pickle += '\0';
  append_tuple(pickle, tensor.shape);
  append_tuple(pickle, strides);
  pickle +=
      "\x89"
      "ccollections\nOrderedDict\n)RtR";
}

}  // namespace

void write_torch_file(const fs::path& path, const std::vector<StoredTensor>& tensors) {
  std::string pickle =
      "\x80\x02"
      "ccollections\nOrderedDict\n)R(";
  std::deque<std::string> names;
  std::vector<ZipEntry> storages;
  std::unordered_set<std::string_view> taken;
  with_context("writing " + path.string(), [&] {
    for (const StoredTensor& tensor : tensors) {
      if (!taken.insert(tensor.name).second)
        fail(Kind::internal, "tensor name '{}' is taken", tensor.name);
      append_text(pickle, tensor.name);
      append_tensor(pickle, tensor, storages.size());
      names.push_back(fmt::format("archive/data/{}", storages.size()));
      storages.push_back({names.back(), tensor.bytes});
    }
  });
  pickle += "u.";
  std::vector<ZipEntry> entries = {{"archive/data.pkl", pickle}, {"archive/byteorder", "little"}};
  entries.insert(entries.end(), storages.begin(), storages.end());
  entries.push_back({"archive/version", "3\n"});
  write_zip(path, entries);
}

}  // namespace espalier
