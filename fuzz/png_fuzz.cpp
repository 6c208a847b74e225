// As it is, and with every checksum mended, so that mutations reach what lies behind them.
#include <zlib.h>

#include "espalier/format/png.h"

#include "fuzz/bear.h"

namespace {

std::string with_right_checksums(std::string bytes) {
  for (size_t at = 8; at + 12 <= bytes.size();) {
    auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<uint8_t>(bytes[at + i])); };
    size_t length = byte(0) << 24 | byte(1) << 16 | byte(2) << 8 | byte(3);
    if (length > bytes.size() - at - 12) break;
    auto* content = reinterpret_cast<const Bytef*>(bytes.data() + at + 4);
    auto checksum = static_cast<uint32_t>(crc32(0, content, static_cast<uInt>(length + 4)));
    for (size_t i = 0; i < 4; ++i)
      bytes[at + 8 + length + i] = static_cast<char>(checksum >> (24 - 8 * i));
    at += 12 + length;
  }
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace espalier;
  int choice = size == 0 ? 0 : data[size - 1];
  auto decode = [choice](std::string_view bytes) {
    if (choice % 8 == 0)
      decode_png16(bytes);
    else if (choice % 8 == 1)
      decode_png_labels(bytes);
    else
      decode_png(bytes, static_cast<Channels>(choice % 4));
  };
  bear(data, size, decode);
  return bear(data, size,
              [&](std::string_view bytes) { decode(with_right_checksums(std::string(bytes))); });
}
