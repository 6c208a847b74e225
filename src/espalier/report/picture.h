// A picture of a run folder as a data: URI for the page.
#pragma once

#include <string>

#include "espalier/core/files.h"

namespace espalier {

struct InlinePicture {
  std::string uri;  // "data:image/png;base64,..."
  int width = 0;    // pixels, of a PNG; 0 when unknown
};

// `name` is relative to `folder`. Throws Error(format) when it leads out of the folder (absolute,
// "..", a symbolic link) or is neither PNG nor JPEG, Error(io) when it cannot be read or is larger
// than 8 MB.
InlinePicture inline_picture(const fs::path& folder, const std::string& name);

// RFC 4648, with padding.
std::string base64(std::string_view bytes);

}  // namespace espalier
