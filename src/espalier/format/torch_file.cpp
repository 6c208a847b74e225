#include "espalier/format/torch_file.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <unordered_set>

#include "espalier/core/error.h"
#include "espalier/format/pickle.h"
#include "espalier/format/torch_types.h"
#include "espalier/format/zip.h"

namespace espalier {
namespace {

using Type = PickleValue::Type;

constexpr const char* kOrderedDict = "collections.OrderedDict";
constexpr const char* kTensor = "torch._utils._rebuild_tensor_v2";
constexpr const char* kOldTensor = "torch._utils._rebuild_tensor";
constexpr const char* kParameter = "torch._utils._rebuild_parameter";
constexpr const char* kSize = "torch.Size";

// The first pickle of a legacy file: a number of ten bytes.
constexpr std::string_view kMagic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);
constexpr size_t kMagicReach = 32;  // the opcodes around it take fewer bytes in any protocol

bool is_known(std::string_view name) {
  for (const char* known : {kOrderedDict, kTensor, kOldTensor, kParameter, kSize})
    if (name == known) return true;
  return torch_storage_type(name) != nullptr;
}

// A storage of a legacy file may be a part of another.
struct Storage {
  std::string key;
  std::string_view dtype;
  int64_t width, numbers;
  int64_t begin = 0;  // of the part, in numbers
};

[[noreturn]] void refuse(const PickleValue& value, const std::string& why) {
  fail(Kind::format, "byte {} of the pickle: {}", value.offset(), why);
}

// persistent_id of torch/serialization.py: ("storage", class, key, device, numbers[, part])
Storage read_storage(const PickleValue& value) {
  if (value.type() != Type::persistent)
    refuse(value, fmt::format("a {} in the place of a storage", value.type_name()));
  std::vector<PickleValue> parts = value.arguments();
  if (parts.size() < 5 || parts[0].text("the word 'storage'") != "storage")
    refuse(value, "a persistent object that is not a storage");
  const TorchType* type = torch_storage_type(parts[1].global("a storage's class"));
  if (type == nullptr) refuse(value, "the class of a storage is not one");
  if (*type->dtype == '\0')
    fail(Kind::unsupported, "byte {} of the pickle: numbers of {} are not read", value.offset(),
         type->storage);
  Storage storage{.key = parts[2].text("a storage's key"),
                  .dtype = type->dtype,
                  .width = stored_width(type->dtype),
                  .numbers = parts[4].integer("a storage's length")};
  if (storage.numbers < 0) refuse(value, "a storage of negative length");
  if (parts.size() > 5 && parts[5].type() != Type::none) {
    std::vector<PickleValue> part = parts[5].items("a part of a storage");
    if (part.size() != 3) refuse(value, "a part of a storage that is not key, begin and length");
    storage.begin = part[1].integer("the begin of a part");
    int64_t length = part[2].integer("the length of a part");
    if (storage.begin < 0 || length < 0 || storage.begin > storage.numbers - length)
      refuse(value, fmt::format("a part of {} numbers from {} on of a storage of {}", length,
                                storage.begin, storage.numbers));
  }
  return storage;
}

std::vector<int64_t> read_numbers(const PickleValue& value, const char* what) {
  std::vector<int64_t> numbers;
  for (const PickleValue& item : value.items(what)) numbers.push_back(item.integer(what));
  return numbers;
}

// Walks what a pickle holds and collects the tensors.
class Collector {
 public:
  // Bytes of a storage by its key; null when there are none of that name.
  using Find = std::function<const std::string_view*(const Storage&)>;

  Collector(const Find& find, const std::string& bytes)
      : find_(find), room_(bytes.size() + (size_t{1} << 20)) {}

  void collect(const Pickle& pickle) {
    visits_left_ = 4 * pickle.values() + 1000;
    visit(pickle.root(), "", 0);
  }

  std::vector<StoredTensor> tensors;
  std::vector<std::shared_ptr<const std::string>> copies;

 private:
  static constexpr int kDeepest = 64;
  static constexpr size_t kLongestName = 4096;

  void visit(const PickleValue& value, const std::string& name, int depth) {
    if (depth > kDeepest) refuse(value, fmt::format("nested deeper than {} levels", kDeepest));
    // Values that contain each other many times over unfold to more than there are.
    if (visits_left_-- == 0) refuse(value, "its values contain each other too many times over");
    auto inner = [&](const std::string& key) {
      if (name.size() + key.size() > kLongestName)
        refuse(value, fmt::format("a name of more than {} bytes", kLongestName));
      return name.empty() ? key : name + "." + key;
    };
    auto visit_pairs = [&] {
      value.each_pair("a dict", [&](const PickleValue& key, const PickleValue& item) {
        visit(item,
              inner(key.type() == Type::text
                        ? key.text("a key")
                        : fmt::to_string(key.integer("a key: text or a number"))),
              depth + 1);
      });
    };
    switch (value.type()) {
      case Type::dict:
        return visit_pairs();
      case Type::list:
      case Type::tuple: {
        size_t i = 0;
        return value.each("a list", [&](const PickleValue& item) {
          visit(item, inner(fmt::to_string(i++)), depth + 1);
        });
      }
      case Type::call: {
        std::string callee = value.callee();
        std::vector<PickleValue> arguments = value.arguments();
        if (callee == kOrderedDict) {
          // Python 2 gave the pairs to the constructor.
          for (const PickleValue& list : arguments)
            list.each("a list of pairs", [&](const PickleValue& pair) {
              std::vector<PickleValue> both = pair.items("a pair");
              if (both.size() != 2) refuse(pair, "a pair that is not key and value");
              visit(both[1], inner(both[0].text("a key")), depth + 1);
            });
          return visit_pairs();
        }
        if (callee == kTensor || callee == kOldTensor) return add_tensor(value, name, arguments);
        if (callee == kParameter && !arguments.empty()) return visit(arguments[0], name, depth + 1);
        if (callee == kSize) return;
        refuse(value, fmt::format("a call of '{}'", callee));
      }
      case Type::none:
      case Type::boolean:
      case Type::integer:
      case Type::big_integer:
      case Type::real:
      case Type::text:
        return;
      case Type::global:
      case Type::persistent:
        refuse(value, fmt::format("a {} that is not part of a tensor", value.type_name()));
    }
  }

  // _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks[, metadata])
  void add_tensor(const PickleValue& call,
                  const std::string& name,
                  const std::vector<PickleValue>& arguments) {
    if (arguments.size() < 4) refuse(call, "a tensor without storage, offset, size and stride");
    Storage storage = read_storage(arguments[0]);
    const std::string_view* found = find_(storage);
    auto refuse_tensor = [&](const std::string& why) {
      refuse(call, fmt::format("tensor '{}': {}", name, why));
    };
    if (found == nullptr) refuse_tensor(fmt::format("there is no storage '{}'", storage.key));
    int64_t bytes;
    if (__builtin_mul_overflow(storage.numbers, storage.width, &bytes) ||
        static_cast<size_t>(bytes) != found->size())
      refuse_tensor(fmt::format("storage '{}' has {} bytes, not {} numbers of {}", storage.key,
                                found->size(), storage.numbers, storage.dtype));
    StoredTensor tensor{.name = name.empty() ? "tensor" : name,
                        .dtype = std::string(storage.dtype),
                        .shape = read_numbers(arguments[2], "a tensor's size"),
                        .bytes = {}};
    std::vector<int64_t> strides = read_numbers(arguments[3], "a tensor's stride");
    int64_t offset = arguments[1].integer("a tensor's offset");
    if (strides.size() != tensor.shape.size() || strides.size() > 64)
      refuse_tensor(fmt::format("{} sides and {} strides", tensor.shape.size(), strides.size()));
    int64_t size = stored_size(tensor.shape, storage.width);
    if (size < 0) refuse_tensor("its sides are negative, or their product is too large");
    if (offset < 0 || __builtin_add_overflow(offset, storage.begin, &offset) ||
        offset > storage.numbers)
      refuse_tensor(fmt::format("it begins at number {} of {}", offset, storage.numbers));
    int64_t last = offset;
    for (size_t i = 0; i < strides.size() && size > 0; ++i) {
      int64_t reach;
      if (strides[i] < 0) refuse_tensor("a negative stride");
      if (__builtin_mul_overflow(strides[i], tensor.shape[i] - 1, &reach) ||
          __builtin_add_overflow(last, reach, &last))
        refuse_tensor("its strides reach too far");
    }
    if (size > 0 && last >= storage.numbers)
      refuse_tensor(fmt::format("it reaches number {} of a storage of {}", last, storage.numbers));
    std::string_view from = found->substr(static_cast<size_t>(offset * storage.width));
    if (size == 0 || lies_in_a_row(tensor.shape, strides))
      tensor.bytes = from.substr(0, static_cast<size_t>(size));
    else
      tensor.bytes = gather(call, from, tensor.shape, strides, storage.width, size);
    spend(call, sizeof tensor + 2 * tensor.name.size());
    if (!names_.insert(tensor.name).second) refuse_tensor("a tensor of this name is there already");
    tensors.push_back(std::move(tensor));
  }

  static bool lies_in_a_row(const std::vector<int64_t>& shape,
                            const std::vector<int64_t>& strides) {
    int64_t expected = 1;
    for (size_t i = shape.size(); i-- > 0;) {
      if (shape[i] != 1 && strides[i] != expected) return false;
      expected *= shape[i];
    }
    return true;
  }

  std::string_view gather(const PickleValue& call,
                          std::string_view from,
                          const std::vector<int64_t>& shape,
                          const std::vector<int64_t>& strides,
                          int64_t width,
                          int64_t size) {
    spend(call, static_cast<size_t>(size));
    auto row = std::make_shared<std::string>(static_cast<size_t>(size), '\0');
    std::vector<int64_t> index(shape.size(), 0);
    int64_t at = 0;
    for (int64_t to = 0; to < size; to += width) {
      std::memcpy(row->data() + to, from.data() + at * width, static_cast<size_t>(width));
      for (size_t i = shape.size(); i-- > 0;) {
        at += strides[i];
        if (++index[i] < shape[i]) break;
        at -= strides[i] * shape[i];
        index[i] = 0;
      }
    }
    copies.push_back(row);
    return *row;
  }

  // What names and copies take together is bounded by the file's own size.
  void spend(const PickleValue& value, size_t bytes) {
    if (bytes > room_)
      refuse(value, "its tensors or their names unfold to more than the file and a megabyte");
    room_ -= bytes;
  }

  const Find& find_;
  size_t room_;
  size_t visits_left_ = 0;
  std::unordered_set<std::string> names_;
};

Pickle read_pickle(std::string_view bytes, size_t begin) {
  return Pickle::parse(bytes, begin, is_known);
}

// The storages that stand behind the pickles of a legacy file, in the order of a list of keys: a
// length in numbers, then the numbers, whose type only the tensors know.
class LegacyStorages {
 public:
  LegacyStorages(std::string_view bytes, const Pickle& keys) : bytes_(bytes), at_(keys.end()) {
    keys.root().each("the list of storages", [&](const PickleValue& key) {
      keys_.push_back(key.text("a storage's key"));
      if (!place_of_.emplace(keys_.back(), keys_.size() - 1).second)
        refuse(key, fmt::format("storage '{}' is listed twice", keys_.back()));
      if (8 * keys_.size() > bytes_.size() - at_)
        refuse(key, "more storages than the file has room for");
    });
    widths_.resize(keys_.size(), 0);
  }

  void note(const Storage& storage) {
    auto found = place_of_.find(storage.key);
    if (found == place_of_.end()) fail(Kind::format, "there is no storage '{}'", storage.key);
    int64_t& width = widths_[found->second];
    if (width != 0 && width != storage.width)
      fail(Kind::format, "storage '{}' is named with two types", storage.key);
    width = storage.width;
  }

  // After every storage was noted: cuts the file's tail.
  void cut() {
    for (size_t i = 0; i < keys_.size(); ++i) {
      auto refuse_storage = [&](const std::string& why) {
        fail(Kind::format, "storage '{}' at byte {}: {}", keys_[i], at_, why);
      };
      if (bytes_.size() - at_ < 8) refuse_storage("the file is cut short");
      uint64_t numbers = 0;
      for (size_t k = 8; k-- > 0;) numbers = numbers << 8 | static_cast<uint8_t>(bytes_[at_ + k]);
      at_ += 8;
      if (widths_[i] == 0) refuse_storage("no tensor says what type its numbers have");
      auto width = static_cast<uint64_t>(widths_[i]);
      if (numbers > (bytes_.size() - at_) / width)
        refuse_storage(fmt::format("{} numbers of {} bytes are more than the {} bytes left",
                                   numbers, width, bytes_.size() - at_));
      parts_.push_back(bytes_.substr(at_, numbers * width));
      at_ += numbers * width;
    }
    if (at_ != bytes_.size())
      fail(Kind::format, "{} bytes at its end belong to no storage", bytes_.size() - at_);
  }

  const std::string_view* find(const Storage& storage) const {
    auto found = place_of_.find(storage.key);
    return found == place_of_.end() ? nullptr : &parts_[found->second];
  }

 private:
  std::string_view bytes_;
  size_t at_;
  std::vector<std::string> keys_;
  std::vector<int64_t> widths_;
  std::vector<std::string_view> parts_;
  std::unordered_map<std::string, size_t> place_of_;
};

void check_little_endian(const Pickle& system) {
  system.root().each_pair(
      "the dict of the machine", [](const PickleValue& key, const PickleValue& value) {
        if (key.text("a key") == "little_endian" && !value.boolean("yes or no"))
          fail(Kind::unsupported, "written on a big-endian machine, which is not read");
      });
}

}  // namespace

bool is_torch_name(const fs::path& path) {
  const fs::path ending = path.extension();
  return ending == ".pth" || ending == ".pt" || ending == ".th";
}

bool TorchFile::is_torch_file(std::string_view bytes) {
  return is_zip(bytes) || bytes.substr(0, kMagicReach).find(kMagic) != std::string_view::npos;
}

TorchFile TorchFile::read(const fs::path& path) {
  return parse(read_file(path, uint64_t{1} << 40), path.string());
}

TorchFile TorchFile::parse(std::string bytes, const std::string& place) {
  TorchFile file;
  file.bytes_ = std::make_shared<const std::string>(std::move(bytes));
  with_context("reading " + place, [&] {
    std::string_view all = *file.bytes_;
    if (!is_torch_file(all))
      fail(Kind::format,
           "neither a zip archive nor a pickle of torch.save: not a file of PyTorch, or cut short");
    file.legacy_ = !is_zip(all);
    file.legacy_ ? file.parse_legacy() : file.parse_zip();
  });
  return file;
}

void TorchFile::parse_zip() {
  constexpr std::string_view kPickle = "/data.pkl";
  ZipArchive archive = ZipArchive::parse(*bytes_);
  const ZipEntry* program = nullptr;
  for (const ZipEntry& entry : archive.entries()) {
    if (!entry.name.ends_with(kPickle)) continue;
    if (program != nullptr)
      fail(Kind::format, "two pickles, '{}' and '{}'", program->name, entry.name);
    program = &entry;
  }
  if (program == nullptr) fail(Kind::format, "a zip archive without data.pkl: not of torch.save");
  std::string root(program->name.substr(0, program->name.size() - kPickle.size()));
  if (archive.find(root + "/constants.pkl") != nullptr)
    fail(Kind::unsupported,
         "a TorchScript program; save its weights: torch.save(model.state_dict(), ...)");
  const ZipEntry* order = archive.find(root + "/byteorder");
  if (order != nullptr && order->bytes != "little")
    fail(Kind::unsupported, "written on a big-endian machine, which is not read");
  with_context(std::string(program->name), [&] {
    Pickle pickle = read_pickle(program->bytes, 0);
    Collector::Find find = [&](const Storage& storage) {
      const ZipEntry* entry = archive.find(root + "/data/" + storage.key);
      return entry == nullptr ? nullptr : &entry->bytes;
    };
    Collector collector(find, *bytes_);
    collector.collect(pickle);
    tensors_ = std::move(collector.tensors);
    copies_ = std::move(collector.copies);
  });
}

void TorchFile::parse_legacy() {
  std::string_view all = *bytes_;
  constexpr int64_t kProtocol = 1001;
  auto part = [&](const char* what, size_t begin) {
    return with_context(fmt::format("{} (from byte {} on)", what, begin),
                        [&] { return read_pickle(all, begin); });
  };
  Pickle magic = part("magic number", 0);
  if (magic.root().text("the magic number") != kMagic)
    fail(Kind::format, "its magic number is not that of torch.save");
  Pickle protocol = part("version", magic.end());
  if (protocol.root().integer("the version") != kProtocol)
    fail(Kind::unsupported, "version {} of the legacy form is not read",
         protocol.root().integer("the version"));
  Pickle system = part("description of the machine", protocol.end());
  check_little_endian(system);
  Pickle object = part("the saved object", system.end());
  Pickle keys = part("list of storages", object.end());

  with_context(fmt::format("the saved object (from byte {} on)", system.end()), [&] {
    LegacyStorages storages(all, keys);
    object.for_each(Type::persistent,
                    [&](const PickleValue& value) { storages.note(read_storage(value)); });
    storages.cut();
    Collector::Find find = [&](const Storage& storage) { return storages.find(storage); };
    Collector collector(find, *bytes_);
    collector.collect(object);
    tensors_ = std::move(collector.tensors);
    copies_ = std::move(collector.copies);
  });
}

}  // namespace espalier
