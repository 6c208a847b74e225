// The markers of a JPEG file (ITU-T T.81, annex B) and the orientation in its EXIF block (CIPA
// DC-008 / TIFF 6.0), read by hand: TurboJPEG shows neither the EXIF block nor files of unusual
// chroma sampling.
#include "espalier/core/error.h"
#include "espalier/format/jpeg.h"

namespace espalier {
namespace {

// Numbers at a position of a TIFF block, in its byte order; false when they lie outside.
struct Tiff {
  std::string_view bytes;
  bool big_endian;

  bool number(size_t at, int width, uint32_t& value) const {
    if (at > bytes.size() || bytes.size() - at < static_cast<size_t>(width)) return false;
    value = 0;
    for (int i = 0; i < width; ++i)
      value = value << 8 |
              static_cast<uint8_t>(bytes[at + static_cast<size_t>(big_endian ? i : width - 1 - i)]);
    return true;
  }
};

int orientation_of(std::string_view tiff_bytes) {
  constexpr uint32_t kOrientation = 0x0112, kShort = 3;
  std::string_view order = tiff_bytes.substr(0, 2);
  if (order != "II" && order != "MM") return 1;
  Tiff tiff{tiff_bytes, order == "MM"};
  uint32_t magic = 0, folder = 0, entries = 0;
  if (!tiff.number(2, 2, magic) || magic != 42 || !tiff.number(4, 4, folder)) return 1;
  if (!tiff.number(folder, 2, entries)) return 1;
  for (uint32_t i = 0; i < entries; ++i) {
    size_t at = size_t{folder} + 2 + size_t{12} * i;
    uint32_t tag = 0, type = 0, value = 0;
    if (!tiff.number(at, 2, tag) || !tiff.number(at + 2, 2, type) || !tiff.number(at + 8, 2, value))
      return 1;
    if (tag == kOrientation)
      return type == kShort && value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

// Walks from marker to marker.
class Markers {
 public:
  explicit Markers(std::string_view bytes) : bytes_(bytes) {}

  // The next marker's code; bytes that are no marker are skipped, as decoders do.
  int next() {
    while (at_ < bytes_.size() && byte(at_) != 0xff) ++at_;
    while (at_ < bytes_.size() && byte(at_) == 0xff) ++at_;
    if (at_ >= bytes_.size()) fail(Kind::format, "the JPEG file ends before its picture begins");
    return byte(at_++);
  }

  // The content of the marker just met.
  std::string_view segment() {
    if (bytes_.size() - at_ < 2) fail(Kind::format, "the JPEG file ends inside a marker");
    size_t length = static_cast<size_t>(byte(at_) << 8 | byte(at_ + 1));
    if (length < 2 || length > bytes_.size() - at_)
      fail(Kind::format, "the JPEG file ends inside a marker of {} bytes (at byte {})", length,
           at_);
    std::string_view content = bytes_.substr(at_ + 2, length - 2);
    at_ += length;
    return content;
  }

  size_t at() const { return at_; }

 private:
  int byte(size_t i) const { return static_cast<uint8_t>(bytes_[i]); }

  std::string_view bytes_;
  size_t at_ = 2;  // behind SOI
};

void read_frame(int marker, std::string_view frame, JpegHeader& header) {
  auto byte = [&](size_t i) { return static_cast<int>(static_cast<uint8_t>(frame[i])); };
  if (header.components != 0) fail(Kind::format, "the JPEG file has two frames");
  if (frame.size() < 6) fail(Kind::format, "the JPEG frame header is cut short");
  if (marker > 0xc8)
    fail(Kind::unsupported, "arithmetic-coded JPEG is not handled; convert it with jpegtran");
  if (marker > 0xc2)
    fail(Kind::unsupported, "lossless or hierarchical JPEG (SOF{}) is not handled", marker - 0xc0);
  if (byte(0) != 8) fail(Kind::unsupported, "JPEG with {} bits a sample is not handled", byte(0));
  header.height = byte(1) << 8 | byte(2);
  header.width = byte(3) << 8 | byte(4);
  header.components = byte(5);
  if (header.width == 0 || header.height == 0)
    fail(Kind::format, "the JPEG file says its size is {} x {}", header.width, header.height);
  if (header.components != 1 && header.components != 3 && header.components != 4)
    fail(Kind::unsupported, "JPEG with {} components is not handled", header.components);
}

}  // namespace

JpegHeader parse_jpeg_header(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (bytes.substr(0, 2) != "\xff\xd8") fail(Kind::format, "not a JPEG file");
  JpegHeader header;
  Markers markers(bytes);
  bool exif_seen = false;
  while (true) {
    int marker = markers.next();
    if (marker == 0xd9) fail(Kind::format, "the JPEG file holds no picture");
    bool bare = marker == 0x00 || marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8);
    if (bare) continue;
    std::string_view content = markers.segment();
    bool frame =
        marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    if (frame) {
      read_frame(marker, content, header);
      header.frame = static_cast<size_t>(content.data() - bytes.data());
    }
    if (marker == 0xe1 && !exif_seen && content.starts_with("Exif\0\0"sv)) {
      header.orientation = orientation_of(content.substr(6));
      exif_seen = true;
    }
    if (marker == 0xee && content.size() >= 12 && content.starts_with("Adobe")) header.adobe = true;
    if (marker == 0xda) break;
  }
  if (header.components == 0) fail(Kind::format, "the JPEG file has a scan before its frame");
  header.scan = markers.at();
  return header;
}

}  // namespace espalier
