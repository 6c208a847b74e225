#include "espalier/format/png.h"

#include <algorithm>
#include <bit>
#include <csetjmp>
#include <cstdio>
#include <cstring>

#include <png.h>

#include "espalier/core/error.h"

namespace espalier {
namespace {

// libpng reports errors by jumping. Every call that may jump is made inside guarded(), whose frame
// and whose steps hold nothing with a destructor, so that the jump passes over trivial frames only.
class Session {
 public:
  template <class Step>
  void guarded(Step step) {
    if (setjmp(png_jmpbuf(png_)) != 0)
      fail(Kind::format, "the PNG file is damaged or cut short: {}", message_);
    step(png_, info_);
  }

 protected:
  static void on_error(png_structp png, png_const_charp text) {
    auto* session = static_cast<Session*>(png_get_error_ptr(png));
    std::snprintf(session->message_, sizeof session->message_, "%s", text);
    png_longjmp(png, 1);
  }
  static void on_warning(png_structp, png_const_charp) {}

  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  char message_[128] = "out of memory";
};

class Reader : public Session {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, static_cast<Session*>(this), on_error,
                                  on_warning);
    info_ = png_ ? png_create_info_struct(png_) : nullptr;
    if (!info_) {
      png_destroy_read_struct(&png_, nullptr, nullptr);
      fail(Kind::internal, "libpng does not start");
    }
  }
  ~Reader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  void read_header() {
    guarded([this](png_structp png, png_infop info) {
      png_set_read_fn(png, this, supply);
      png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
      png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, nullptr,
                                  -1);  // profiles, texts, times
      png_read_info(png, info);
    });
  }

  int64_t width() const { return png_get_image_width(png_, info_); }
  int64_t height() const { return png_get_image_height(png_, info_); }
  int bits() const { return png_get_bit_depth(png_, info_); }
  int colour_type() const { return png_get_color_type(png_, info_); }
  int channels() const { return png_get_channels(png_, info_); }

  // To be called with the transformations set.
  template <class T>
  Raster<T> read_pixels() {
    guarded([](png_structp png, png_infop info) {
      png_set_interlace_handling(png);
      png_read_update_info(png, info);
    });
    Raster<T> image(static_cast<int>(width()), static_cast<int>(height()), channels());
    if (png_get_rowbytes(png_, info_) !=
        static_cast<size_t>(image.width * image.channels) * sizeof(T))
      fail(Kind::internal, "libpng gives rows of {} bytes", png_get_rowbytes(png_, info_));
    std::vector<png_bytep> rows;
    for (int y = 0; y < image.height; ++y)
      rows.push_back(reinterpret_cast<png_bytep>(image.row(y)));
    png_bytepp first = rows.data();
    guarded([first](png_structp png, png_infop) {
      png_read_image(png, first);
      png_read_end(png, nullptr);
    });
    return image;
  }

 private:
  static void supply(png_structp png, png_bytep to, size_t count) {
    auto* reader = static_cast<Reader*>(png_get_io_ptr(png));
    if (count > reader->rest_.size()) png_error(png, "the file ends too soon");
    std::memcpy(to, reader->rest_.data(), count);
    reader->rest_.remove_prefix(count);
  }

  std::string_view rest_;
};

// The header is checked against the bytes there are before memory is taken: deflate packs at most
// 1032 : 1.
void check_size(const Reader& reader, size_t file_bytes) {
  int64_t pixels = reader.width() * reader.height();  // each is below 2^31
  if (pixels > kMostPixels)
    fail(Kind::unsupported, "a picture of {} x {} is larger than the limit of {} pixels",
         reader.width(), reader.height(), kMostPixels);
  int64_t raw_bytes = pixels * reader.bits() * reader.channels() / 8;
  if (raw_bytes / 1032 > static_cast<int64_t>(file_bytes))
    fail(Kind::format, "the PNG file is cut short: {} bytes cannot hold {} x {} pixels", file_bytes,
         reader.width(), reader.height());
}

template <class T, class Set>
Raster<T> decode(std::string_view bytes, Set set) {
  if (bytes.substr(0, 8) != std::string_view("\x89PNG\r\n\x1a\n"))
    fail(Kind::format, "not a PNG file");
  Reader reader(bytes);
  reader.read_header();
  check_size(reader, bytes.size());
  set(reader);
  return reader.read_pixels<T>();
}

class Writer : public Session {
 public:
  Writer() {
    png_ = png_create_write_struct(PNG_LIBPNG_VER_STRING, static_cast<Session*>(this), on_error,
                                   on_warning);
    info_ = png_ ? png_create_info_struct(png_) : nullptr;
    if (!info_) {
      png_destroy_write_struct(&png_, nullptr);
      fail(Kind::internal, "libpng does not start");
    }
  }
  ~Writer() { png_destroy_write_struct(&png_, &info_); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  template <class T>
  std::string write(const Raster<T>& image) {
    int type = image.channels == 1   ? PNG_COLOR_TYPE_GRAY
               : image.channels == 3 ? PNG_COLOR_TYPE_RGB
                                     : PNG_COLOR_TYPE_RGB_ALPHA;
    guarded([&](png_structp png, png_infop info) {
      png_set_write_fn(png, this, take, nullptr);
      png_set_IHDR(png, info, static_cast<uint32_t>(image.width),
                   static_cast<uint32_t>(image.height), 8 * sizeof(T), type, PNG_INTERLACE_NONE,
                   PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
      png_write_info(png, info);
      if (sizeof(T) > 1 && std::endian::native == std::endian::little) png_set_swap(png);
      for (int y = 0; y < image.height; ++y)
        png_write_row(png, reinterpret_cast<png_const_bytep>(image.row(y)));
      png_write_end(png, info);
    });
    return std::move(bytes_);
  }

 private:
  static void take(png_structp png, png_bytep from, size_t count) {
    bool stored = true;
    try {
      static_cast<Writer*>(png_get_io_ptr(png))
          ->bytes_.append(reinterpret_cast<const char*>(from), count);
    } catch (const std::exception&) {
      stored = false;
    }
    if (!stored) png_error(png, "out of memory");
  }

  std::string bytes_;
};

template <class T>
std::string encode(const Raster<T>& image) {
  if (image.empty() || (image.channels != 1 && image.channels != 3 && image.channels != 4))
    fail(Kind::internal, "an image of {} x {} with {} channels cannot become a PNG", image.width,
         image.height, image.channels);
  return Writer().write(image);
}

std::string context_of(const fs::path& path) {
  return "reading " + path.string();
}

}  // namespace

Image decode_png(std::string_view bytes, Channels channels) {
  Image image = decode<uint8_t>(bytes, [](Reader& reader) {
    reader.guarded([](png_structp png, png_infop) {
      png_set_scale_16(png);
      png_set_expand(png);
    });
  });
  return to_channels(std::move(image), channels);
}

Image16 decode_png16(std::string_view bytes) {
  return decode<uint16_t>(bytes, [](Reader& reader) {
    reader.guarded([](png_structp png, png_infop info) {
      png_set_expand_16(png);
      bool transparent = png_get_valid(png, info, PNG_INFO_tRNS) != 0;
      int type = png_get_color_type(png, info);
      if (type == PNG_COLOR_TYPE_GRAY_ALPHA || (type == PNG_COLOR_TYPE_GRAY && transparent))
        png_set_gray_to_rgb(png);
      if (std::endian::native == std::endian::little) png_set_swap(png);
    });
  });
}

Image decode_png_labels(std::string_view bytes) {
  return decode<uint8_t>(bytes, [](Reader& reader) {
    if (reader.colour_type() != PNG_COLOR_TYPE_PALETTE &&
        reader.colour_type() != PNG_COLOR_TYPE_GRAY)
      fail(Kind::data, "a label mask is a palette or gray picture, this PNG has {} channels",
           reader.channels());
    if (reader.bits() == 16)
      fail(Kind::unsupported, "a label mask has at most 8 bits, this PNG has 16");
    reader.guarded([](png_structp png, png_infop) { png_set_packing(png); });
  });
}

Image read_png(const fs::path& path, Channels channels) {
  std::string bytes = read_file(path);
  return with_context(context_of(path), [&] { return decode_png(bytes, channels); });
}

Image16 read_png16(const fs::path& path) {
  std::string bytes = read_file(path);
  return with_context(context_of(path), [&] { return decode_png16(bytes); });
}

Image read_png_labels(const fs::path& path) {
  std::string bytes = read_file(path);
  return with_context(context_of(path), [&] { return decode_png_labels(bytes); });
}

std::string encode_png(const Image& image) {
  return encode(image);
}
std::string encode_png16(const Image16& image) {
  return encode(image);
}
void write_png(const fs::path& path, const Image& image) {
  write_file_atomic(path, encode(image));
}
void write_png16(const fs::path& path, const Image16& image) {
  write_file_atomic(path, encode(image));
}

}  // namespace espalier
