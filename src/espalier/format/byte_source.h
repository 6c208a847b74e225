// The bytes of a file piece by piece, unpacked on the way when the file is gzip.
//
//   std::unique_ptr<ByteSource> source = open_bytes("table.csv.gz");
//   while (size_t got = source->read(buffer, sizeof buffer)) use(buffer, got);
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "espalier/core/files.h"

namespace espalier {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // At most `size` bytes into `into`; 0 at the end and nowhere else.
  virtual size_t read(char* into, size_t size) = 0;
  // All that it will give, 0 when that is not known beforehand.
  virtual uint64_t size() const = 0;
};

// gzip is known by its first bytes, several members one behind the other by zlib. Throws Error(io) naming the path when
// the file is missing, unreadable or not a regular one; read() throws Error(format) for gzip that is cut short or
// damaged, and for more than `max_bytes` unpacked.
std::unique_ptr<ByteSource> open_bytes(const fs::path& path,
                                       uint64_t max_bytes = uint64_t{1} << 36);

// Bytes that the caller keeps alive.
std::unique_ptr<ByteSource> bytes_in_memory(std::string_view bytes);

}  // namespace espalier
