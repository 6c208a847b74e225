#include "espalier/format/jpeg.h"

#include <algorithm>
#include <memory>

#include <turbojpeg.h>

#include "espalier/core/error.h"

namespace espalier {
namespace {

struct CloseTurbo {
  void operator()(void* handle) const { tjDestroy(handle); }
};
using Turbo = std::unique_ptr<void, CloseTurbo>;

// One a thread: opening costs as much as decoding a thumbnail.
tjhandle decoder() {
  thread_local Turbo handle(tjInitDecompress());
  if (!handle) fail(Kind::internal, "TurboJPEG does not start: {}", tjGetErrorStr2(nullptr));
  return handle.get();
}

// A Huffman code has at least one bit, and every 8 x 8 block of the largest component has one.
void check_size(const JpegHeader& header, size_t file_bytes) {
  int64_t pixels = int64_t{header.width} * header.height;
  if (pixels > kMostPixels)
    fail(Kind::unsupported, "a picture of {} x {} is larger than the limit of {} pixels",
         header.width, header.height, kMostPixels);
  if (pixels / 512 > static_cast<int64_t>(file_bytes))
    fail(Kind::format, "the JPEG file ends too soon: {} bytes cannot hold {} x {} pixels",
         file_bytes, header.width, header.height);
}

// The size at the smallest scale whose short side is still at least `min_side`. Of TurboJPEG's eighths only the halvings
// are tried: the others have no vector code, and 5/8 to 7/8 take longer than the whole picture (measured, 1600 x 1200).
std::pair<int, int> scaled_size(const JpegHeader& header, int min_side) {
  for (int eighths = 1; eighths < 8 && min_side > 0; eighths *= 2) {
    tjscalingfactor scale{eighths, 8};
    int width = TJSCALED(header.width, scale), height = TJSCALED(header.height, scale);
    if (std::min(width, height) >= min_side) return {width, height};
  }
  return {header.width, header.height};
}

// TurboJPEG's first complaint about a file, when it is one that leaves every pixel as it was meant.
bool is_harmless(const std::string& complaint) {
  return complaint.find("extraneous bytes before marker") != std::string::npos ||
         complaint.find("unknown JFIF revision") != std::string::npos ||
         complaint.find("Unknown Adobe color transform") != std::string::npos;
}

void decompress(std::string_view bytes, const JpegHeader& header, int format, Image& image) {
  auto run = [&](int flags) {
    return tjDecompress2(decoder(), reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(),
                         image.pixels.data(), image.width, image.width * image.channels,
                         image.height, format, TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS | flags);
  };
  if (run(TJFLAG_STOPONWARNING) == 0) return;
  std::string complaint = tjGetErrorStr2(decoder());
  // Scan data cannot contain the end marker (FF is stuffed), so its absence means a cut file. Only
  // the first complaint is known, hence this test of our own before the harmless ones are
  // overlooked.
  bool complete = bytes.find("\xff\xd9", header.scan) != std::string_view::npos;
  if (complete && is_harmless(complaint) &&
      (run(0) == 0 || tjGetErrorCode(decoder()) == TJERR_WARNING))
    return;
  fail(Kind::format, "the JPEG file is damaged or cut short: {}", complaint);
}

// Inks to light, as it looks without a colour profile.
Image cmyk_as_rgb(const Image& cmyk, bool inverted) {
  Image rgb(cmyk.width, cmyk.height, 3);
  const uint8_t* from = cmyk.pixels.data();
  for (size_t i = 0; i < rgb.pixels.size(); i += 3, from += 4)
    for (size_t c = 0; c < 3; ++c) {
      int light = inverted ? from[c] * from[3] : (255 - from[c]) * (255 - from[3]);
      rgb.pixels[i + c] = static_cast<uint8_t>((light + 127) / 255);
    }
  return rgb;
}

}  // namespace

Image decode_jpeg(std::string_view bytes, const JpegConfig& config) {
  JpegHeader header = parse_jpeg_header(bytes);
  check_size(header, bytes.size());
  auto [width, height] = scaled_size(header, config.min_side);
  bool gray = config.channels == Channels::gray ||
              (header.components == 1 && config.channels != Channels::rgb);
  if (header.components == 4) {
    Image cmyk(width, height, 4);
    decompress(bytes, header, TJPF_CMYK, cmyk);
    Image rgb = cmyk_as_rgb(cmyk, header.adobe);
    return oriented(to_channels(std::move(rgb), config.channels), header.orientation);
  }
  Image image(width, height, gray ? 1 : 3);
  decompress(bytes, header, gray ? TJPF_GRAY : TJPF_RGB, image);
  return oriented(std::move(image), header.orientation);
}

Image read_jpeg(const fs::path& path, const JpegConfig& config) {
  std::string bytes = read_file(path);
  return with_context("reading " + path.string(), [&] { return decode_jpeg(bytes, config); });
}

std::string encode_jpeg(const Image& image, int quality) {
  if (image.empty() || (image.channels != 1 && image.channels != 3))
    fail(Kind::internal, "an image of {} x {} with {} channels cannot become a JPEG", image.width,
         image.height, image.channels);
  if (image.width > 65500 || image.height > 65500)
    fail(Kind::unsupported, "a JPEG has at most 65500 pixels a side, not {} x {}", image.width,
         image.height);
  if (quality < 1 || quality > 100) fail(Kind::usage, "JPEG quality {} is outside 1..100", quality);
  Turbo encoder(tjInitCompress());
  if (!encoder) fail(Kind::internal, "TurboJPEG does not start: {}", tjGetErrorStr2(nullptr));
  int sampling = image.channels == 1 ? TJSAMP_GRAY : quality >= 90 ? TJSAMP_444 : TJSAMP_420;
  uint8_t* buffer = nullptr;
  unsigned long size = 0;
  int status =
      tjCompress2(encoder.get(), image.pixels.data(), image.width, image.width * image.channels,
                  image.height, image.channels == 1 ? TJPF_GRAY : TJPF_RGB, &buffer, &size,
                  sampling, quality, TJFLAG_ACCURATEDCT);
  std::unique_ptr<uint8_t, void (*)(uint8_t*)> owner(buffer, tjFree);
  if (status != 0)
    fail(Kind::internal, "TurboJPEG cannot encode: {}", tjGetErrorStr2(encoder.get()));
  return std::string(reinterpret_cast<const char*>(buffer), size);
}

void write_jpeg(const fs::path& path, const Image& image, int quality) {
  write_file_atomic(path, encode_jpeg(image, quality));
}

}  // namespace espalier
