#include "espalier/format/checksum.h"

#include <fmt/format.h>
#include <zlib.h>

namespace espalier {

void Checksum::add(std::string_view bytes) {
  if (bytes.empty()) return;  // zlib takes a null pointer as the wish to begin anew
  value_ = static_cast<uint32_t>(
      ::crc32_z(value_, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

std::string Checksum::text() const {
  return fmt::format("{:08x}", value_);
}

}  // namespace espalier
