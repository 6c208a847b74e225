#include "espalier/tensor/stored.h"

#include <array>
#include <cstring>

#include <fmt/ranges.h>

#include "espalier/core/error.h"
#include "espalier/core/names.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

struct TypeName {
  const char* name;
  at::ScalarType type;
};
constexpr std::array<TypeName, 10> kTypes = {{{"F32", at::kFloat},
                                              {"F64", at::kDouble},
                                              {"F16", at::kHalf},
                                              {"BF16", at::kBFloat16},
                                              {"I64", at::kLong},
                                              {"I32", at::kInt},
                                              {"I16", at::kShort},
                                              {"I8", at::kChar},
                                              {"U8", at::kByte},
                                              {"BOOL", at::kBool}}};

at::ScalarType type_of(const StoredTensor& stored) {
  for (const TypeName& row : kTypes)
    if (stored.dtype == row.name) return row.type;
  fail(Kind::unsupported, "tensor '{}': numbers of type {} are not read", stored.name,
       stored.dtype);
}

std::string name_of(const std::string& tensor, at::ScalarType type) {
  for (const TypeName& row : kTypes)
    if (type == row.type) return row.name;
  fail(Kind::unsupported, "tensor '{}': numbers of type {} are not written", tensor,
       c10::toString(type));
}

bool ends_with(const std::string& text, std::string_view end) {
  return text.size() >= end.size() &&
         std::string_view(text).substr(text.size() - end.size()) == end;
}

// "3 tensors are missing: a, b, c" with at most four names.
std::string listing(const std::string& what, const std::vector<std::string>& names) {
  std::vector<std::string> shown(names.begin(), names.begin() + std::min<size_t>(names.size(), 4));
  return fmt::format("{} {}: {}{}", names.size(), what, fmt::join(shown, ", "),
                     names.size() > shown.size() ? ", ..." : "");
}

std::string shape_text(at::IntArrayRef shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

void collect_state(const torch::nn::Module& module,
                   const std::string& prefix,
                   NamedTensors& state) {
  for (const auto& item : module.named_parameters(/*recurse=*/false))
    state.emplace_back(prefix + item.key(), item.value());
  for (const auto& item : module.named_buffers(/*recurse=*/false))
    state.emplace_back(prefix + item.key(), item.value());
  for (const auto& item : module.named_children())
    collect_state(*item.value(), prefix + item.key() + ".", state);
}

void check_names(const NamedTensors& state, const std::vector<StoredTensor>& stored) {
  std::vector<std::string> known, missing, unexpected;
  std::unordered_map<std::string_view, bool> present;
  for (const StoredTensor& item : stored) present[item.name] = false;
  for (const auto& [name, tensor] : state) {
    known.push_back(name);
    auto found = present.find(name);
    if (found != present.end())
      found->second = true;
    else if (!ends_with(name, "num_batches_tracked"))
      missing.push_back(name);
  }
  for (const StoredTensor& item : stored)
    if (!present[item.name]) unexpected.push_back(item.name);
  if (!missing.empty() && !unexpected.empty())
    fail(Kind::format, "the weights do not fit the network: {}; {}", listing("missing", missing),
         listing("unexpected", unexpected));
  if (!missing.empty()) fail(Kind::format, "{}", listing("missing tensors", missing));
  if (!unexpected.empty()) fail(Kind::format, "{}", listing("unexpected tensors", unexpected));
}

// The stored tensor as one that fits `target`.
at::Tensor fitting(const StoredTensor& stored, const at::Tensor& target) {
  if (target.sizes() != at::IntArrayRef(stored.shape))
    fail(Kind::format, "tensor '{}': its shape is {}, the network needs {}", stored.name,
         shape_text(stored.shape), shape_text(target.sizes()));
  at::Tensor value = to_tensor(stored);
  if (value.is_floating_point() != target.is_floating_point())
    fail(Kind::format, "tensor '{}': its type is {}, the network needs {}", stored.name,
         stored.dtype, name_of(stored.name, target.scalar_type()));
  check_finite(stored.name, value);
  return value;
}

}  // namespace

void check_finite(const std::string& name, const at::Tensor& value) {
  if (value.is_floating_point() && !value.isfinite().all().item<bool>())
    fail(Kind::data,
         "tensor '{}' holds a NaN or an infinity: the training that wrote it diverged, or the file "
         "is damaged",
         name);
}

at::Tensor to_tensor(const StoredTensor& stored) {
  at::ScalarType type = type_of(stored);
  for (int64_t side : stored.shape)  // beside a 0 a side may claim anything; strides would overflow
    if (side < 0 || side > (int64_t{1} << 40))
      fail(Kind::format, "tensor '{}': a side of {}", stored.name, side);
  // A stored BOOL is a byte of any value; a bool in memory must be 0 or 1.
  at::Tensor tensor = at::empty(stored.shape, type == at::kBool ? at::kByte : type);
  if (tensor.nbytes() != stored.bytes.size())
    fail(Kind::internal, "tensor '{}': {} bytes for a shape of {}", stored.name,
         stored.bytes.size(), tensor.nbytes());
  if (!stored.bytes.empty())
    std::memcpy(tensor.data_ptr(), stored.bytes.data(), stored.bytes.size());
  return type == at::kBool ? tensor.ne(0) : tensor;
}

StoredTensors::StoredTensors(const NamedTensors& named) {
  for (const auto& [name, tensor] : named) {
    kept.push_back(tensor.detach().cpu().contiguous());
    const at::Tensor& plain = kept.back();
    tensors.push_back(
        {name, name_of(name, plain.scalar_type()), plain.sizes().vec(),
         std::string_view(static_cast<const char*>(plain.const_data_ptr()), plain.nbytes())});
  }
}

void save_tensors(const fs::path& path,
                  const NamedTensors& tensors,
                  const std::map<std::string, std::string>& metadata) {
  std::map<std::string, std::string> entries = metadata;
  entries.emplace("crc32", "");  // asks for the checksum
  write_safetensors(path, StoredTensors(tensors).tensors, entries);
}

NamedTensors module_state(const torch::nn::Module& module) {
  NamedTensors state;
  collect_state(module, "", state);
  return state;
}

void load_state(torch::nn::Module& module, const std::vector<StoredTensor>& stored) {
  torch::NoGradGuard no_grad;
  NamedTensors state = module_state(module);
  check_names(state, stored);
  std::unordered_map<std::string_view, const StoredTensor*> by_name;
  for (const StoredTensor& item : stored) by_name[item.name] = &item;
  // Twice through, so that a bad last tensor leaves the network as it was.
  for (auto& [name, target] : state)
    if (by_name.count(name)) fitting(*by_name[name], target);
  for (auto& [name, target] : state)
    if (by_name.count(name)) target.copy_(fitting(*by_name[name], target));
}

}  // namespace espalier
