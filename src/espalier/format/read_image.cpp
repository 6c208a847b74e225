#include "espalier/format/read_image.h"

#include <string>

#include "espalier/core/error.h"
#include "espalier/format/jpeg.h"
#include "espalier/format/png.h"

namespace espalier {
namespace {

// Names of pictures that are not read here, by their first bytes; "" for none of them.
std::string_view foreign_format(std::string_view bytes) {
  std::string_view tag = bytes.substr(0, 4), brand = bytes.size() >= 12 ? bytes.substr(8, 4) : "";
  if (tag == "GIF8") return "GIF";
  if (tag == "RIFF" && brand == "WEBP") return "WebP";
  if (tag == std::string_view("II*\0", 4) || tag == std::string_view("MM\0*", 4)) return "TIFF";
  if (bytes.size() >= 12 && bytes.substr(4, 4) == "ftyp") return "HEIF, AVIF or video";
  if (tag.substr(0, 2) == "BM") return "BMP";
  return "";
}

}  // namespace

Image decode_image(std::string_view bytes, const ReadImageConfig& config) {
  if (bytes.empty()) fail(Kind::format, "the file is empty");
  if (bytes.starts_with("\xff\xd8"))
    return decode_jpeg(bytes, {.channels = config.channels, .min_side = config.min_side});
  if (bytes.starts_with("\x89PNG")) return decode_png(bytes, config.channels);
  if (std::string_view name = foreign_format(bytes); !name.empty())
    fail(Kind::unsupported, "{} pictures are not read; convert it to JPEG or PNG", name);
  fail(Kind::format, "neither a JPEG nor a PNG file");
}

Image read_image(const fs::path& path, const ReadImageConfig& config) {
  std::string bytes = read_file(path);
  return with_context("reading " + path.string(), [&] { return decode_image(bytes, config); });
}

}  // namespace espalier
