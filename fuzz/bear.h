// A parser may answer any bytes with an Error, except the kind that admits a bug of ours; anything else is a finding.
//
//   extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
//     return espalier::bear(data, size, [](std::string_view bytes) { espalier::decode_png(bytes); });
//   }
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "espalier/core/error.h"

namespace espalier {

template <class Parse>
int bear(const uint8_t* data, size_t size, Parse parse) {
  try {
    parse(std::string_view(reinterpret_cast<const char*>(data), size));
  } catch (const Error& error) {
    if (error.kind() == Kind::internal) {
      std::fprintf(stderr, "internal error: %s\n", error.what());
      std::abort();
    }
  }
  return 0;
}

}  // namespace espalier
