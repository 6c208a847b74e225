// CRC-32 as zlib, PNG and Python's zlib.crc32 compute it, as eight hexadecimal digits. Files of ours
// carry their own, so that one flipped bit of a weight is an error and not a slightly wrong network.
//
//   Checksum sum;  sum.add(header);  sum.add(data);  sum.text() == "cbf43926"
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace espalier {

class Checksum {
 public:
  static constexpr std::string_view kZero = "00000000";

  void add(std::string_view bytes);
  std::string text() const;
  uint32_t value() const { return value_; }

 private:
  uint32_t value_ = 0;
};

}  // namespace espalier
