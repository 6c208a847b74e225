#include "espalier/format/torch_types.h"

#include <string>

namespace espalier {
namespace {

constexpr TorchType kTypes[] = {
    {"FloatStorage", "F32"},     {"DoubleStorage", "F64"},    {"HalfStorage", "F16"},
    {"BFloat16Storage", "BF16"}, {"LongStorage", "I64"},      {"IntStorage", "I32"},
    {"ShortStorage", "I16"},     {"CharStorage", "I8"},       {"ByteStorage", "U8"},
    {"BoolStorage", "BOOL"},     {"ComplexFloatStorage", ""}, {"ComplexDoubleStorage", ""},
    {"QInt8Storage", ""},        {"QUInt8Storage", ""},       {"QInt32Storage", ""}};

}  // namespace

const TorchType* torch_storage_type(std::string_view global) {
  constexpr std::string_view kModule = "torch.";
  if (!global.starts_with(kModule)) return nullptr;
  for (const TorchType& type : kTypes)
    if (global.substr(kModule.size()) == type.storage) return &type;
  return nullptr;
}

const TorchType* torch_type_of(std::string_view dtype) {
  for (const TorchType& type : kTypes)
    if (!dtype.empty() && dtype == type.dtype) return &type;
  return nullptr;
}

}  // namespace espalier
