#include "espalier/format/stored_tensor.h"

#include <algorithm>
#include <array>

namespace espalier {
namespace {

struct Type {
  std::string_view name;
  int64_t width;
};

// In the order of safetensors' reference implementation.
constexpr std::array<Type, 15> kTypes = {{{"BOOL", 1},
                                          {"U8", 1},
                                          {"I8", 1},
                                          {"F8_E5M2", 1},
                                          {"F8_E4M3", 1},
                                          {"I16", 2},
                                          {"U16", 2},
                                          {"F16", 2},
                                          {"BF16", 2},
                                          {"I32", 4},
                                          {"U32", 4},
                                          {"F32", 4},
                                          {"F64", 8},
                                          {"I64", 8},
                                          {"U64", 8}}};

}  // namespace

size_t stored_rank(std::string_view dtype) {
  auto same = [&](const Type& type) { return type.name == dtype; };
  return static_cast<size_t>(std::find_if(kTypes.begin(), kTypes.end(), same) - kTypes.begin());
}

int64_t stored_width(std::string_view dtype) {
  size_t rank = stored_rank(dtype);
  return rank == kTypes.size() ? 0 : kTypes[rank].width;
}

int64_t stored_size(const std::vector<int64_t>& shape, int64_t width) {
  int64_t size = width;
  for (int64_t length : shape)
    if (length < 0 || __builtin_mul_overflow(size, length, &size)) return -1;
  return size;
}

}  // namespace espalier
