// IDX, the format of MNIST (http://yann.lecun.com/exdb/mnist): two zero bytes, a type, the number
// of dimensions, their lengths and the numbers, all big-endian.
//
//   Idx images = read_idx("train-images-idx3-ubyte");
//   images.shape;        // {60000, 28, 28}
//   images.numbers();    // their bytes
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "espalier/core/files.h"

namespace espalier {

enum class IdxType : uint8_t {
  u8 = 0x08,
  i8 = 0x09,
  i16 = 0x0b,
  i32 = 0x0c,
  f32 = 0x0d,
  f64 = 0x0e
};

struct Idx {
  IdxType type = IdxType::u8;
  std::vector<int64_t> shape;
  std::string bytes;  // the whole file

  // The numbers, row-major, big-endian: exactly as many bytes as the shape asks for.
  std::string_view numbers() const { return std::string_view(bytes).substr(4 + 4 * shape.size()); }
};

// Throws Error(format) when the magic is wrong or the sizes contradict the bytes there are,
// Error(unsupported) for a gzip file; read_idx names the path and also throws Error(io).
Idx parse_idx(std::string bytes);
Idx read_idx(const fs::path& path);

// The file's bytes for numbers that are big-endian already.
std::string encode_idx(IdxType type, const std::vector<int64_t>& shape, std::string_view numbers);

}  // namespace espalier
