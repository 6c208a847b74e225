#include "espalier/report/picture.h"

#include <algorithm>

#include "espalier/core/error.h"

namespace espalier {
namespace {

constexpr uint64_t kMostBytes = 8 << 20;

fs::path path_inside(const fs::path& folder, const std::string& name) {
  const fs::path relative(name);
  const bool climbs = std::find(relative.begin(), relative.end(), "..") != relative.end();
  if (name.empty() || relative.is_absolute() || climbs || name.find('\0') != std::string::npos)
    fail(Kind::format, "the picture '{}' is not inside the run folder", name);
  std::error_code error;
  const fs::path root = fs::canonical(folder, error);
  const fs::path real = fs::weakly_canonical(root / relative, error);
  const auto mismatch = std::mismatch(root.begin(), root.end(), real.begin(), real.end());
  if (error || mismatch.first != root.end())
    fail(Kind::format, "the picture '{}' is not inside the run folder", name);
  return real;
}

}  // namespace

std::string base64(std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t have = std::min<size_t>(3, bytes.size() - i);
    uint32_t word = 0;
    for (size_t k = 0; k < 3; ++k)
      word = word << 8U | (k < have ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (size_t k = 0; k < 4; ++k) out += k <= have ? kDigits[word >> (18 - 6 * k) & 63U] : '=';
  }
  return out;
}

InlinePicture inline_picture(const fs::path& folder, const std::string& name) {
  const std::string bytes = read_file(path_inside(folder, name), kMostBytes);
  InlinePicture picture;
  std::string_view type;
  if (bytes.starts_with("\x89PNG\r\n\x1a\n") && bytes.size() > 24) {
    type = "image/png";
    for (size_t i = 16; i < 20; ++i)  // IHDR's width
      picture.width = (picture.width & 0xFFFF) << 8 | static_cast<unsigned char>(bytes[i]);
  } else if (bytes.starts_with("\xFF\xD8\xFF")) {
    type = "image/jpeg";
  } else {
    fail(Kind::format, "the picture '{}' is neither PNG nor JPEG", name);
  }
  picture.uri = fmt::format("data:{};base64,{}", type, base64(bytes));
  return picture;
}

}  // namespace espalier
