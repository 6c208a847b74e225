// Named arrays of plain numbers as they stand in a file, whatever the file's format: safetensors and
// PyTorch's own give the same struct. No tensor library is needed here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace espalier {

struct StoredTensor {
  std::string name;
  std::string dtype;  // "F64", "F32", "F16", "BF16", "I64" ... "I8", "U64" ... "U8", "BOOL"
  std::vector<int64_t> shape;  // {} is a scalar; a 0 makes it empty
  std::string_view bytes;      // row-major, little-endian
};

// Bytes of one number of this type; 0 for an unknown one.
int64_t stored_width(std::string_view dtype);

// The type's place in the order in which safetensors files hold their tensors, from the end; the
// number of types for an unknown one.
size_t stored_rank(std::string_view dtype);

// Bytes that a shape asks for with numbers of this width; -1 when a side is negative or no 64-bit
// number holds them.
int64_t stored_size(const std::vector<int64_t>& shape, int64_t width);

}  // namespace espalier
