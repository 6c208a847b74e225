// libjpeg-turbo is shown a picture that is only as large as the part: a copy of the file's header with another size in
// its frame. Its entropy decoder reads the real scan; around each call we let it read and drop the blocks outside the
// part (it takes a null pointer for that, as jpeg_skip_scanlines has it do). Everything behind it works on the part.
#include "espalier/format/jpeg_part.h"

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include <jpeglib.h>
extern "C" {
#define JPEG_INTERNALS
#include <jpegint.h>
}

namespace espalier {
namespace {

constexpr int kBlock = DCTSIZE;

// Libjpeg's interface of version 7 and later has a size for each axis; libjpeg-turbo keeps the two equal.
#if JPEG_LIB_VERSION >= 70
int scaled_size(const jpeg_component_info& component) {
  return component.DCT_h_scaled_size;
}
int least_scaled_size(const jpeg_decompress_struct& jpeg) {
  return jpeg.min_DCT_h_scaled_size;
}
#else
int scaled_size(const jpeg_component_info& component) {
  return component.DCT_scaled_size;
}
int least_scaled_size(const jpeg_decompress_struct& jpeg) {
  return jpeg.min_DCT_scaled_size;
}
#endif

struct Blocks {
  int left, right, top, bottom;  // in units of the file's MCUs; right and bottom are excluded
};

// One a thread: making a decoder costs as much as decoding a thumbnail.
class PartDecoder {
 public:
  PartDecoder() {
    jpeg_.err = jpeg_std_error(&errors_);
    errors_.error_exit = [](j_common_ptr jpeg) { std::longjmp(self(jpeg).escape_, 1); };
    errors_.emit_message = [](j_common_ptr jpeg, int level) {
      if (level < 0) self(jpeg).sound_ = false;
    };
    jpeg_create_decompress(&jpeg_);
    jpeg_.client_data = this;
    source_.init_source = [](j_decompress_ptr) {};
    source_.term_source = [](j_decompress_ptr) {};
    source_.resync_to_restart = jpeg_resync_to_restart;
    source_.fill_input_buffer = [](j_decompress_ptr jpeg) -> boolean {
      self(jpeg).feed();
      return TRUE;
    };
    source_.skip_input_data = [](j_decompress_ptr jpeg, long count) { self(jpeg).skip(count); };
    jpeg_.src = &source_;
  }
  ~PartDecoder() { jpeg_destroy_decompress(&jpeg_); }
  PartDecoder(const PartDecoder&) = delete;
  PartDecoder& operator=(const PartDecoder&) = delete;

  bool decode(std::string_view bytes,
              const JpegHeader& header,
              const PixelRect& rect,
              int shrink,
              JpegPart& part) {
    scan_ = bytes.substr(header.scan);
    header_.assign(bytes.substr(0, header.scan));
    sound_ = true;
    // No object with a destructor may live in run(): errors jump out of it.
    bool done = setjmp(escape_) == 0 && run(header, rect, shrink, part) && sound_;
    jpeg_abort_decompress(&jpeg_);
    return done;
  }

 private:
  template <class Jpeg>
  static PartDecoder& self(Jpeg* jpeg) {
    return *static_cast<PartDecoder*>(jpeg->client_data);
  }

  void give(const char* bytes, size_t count) {
    source_.next_input_byte = reinterpret_cast<const JOCTET*>(bytes);
    source_.bytes_in_buffer = count;
  }
  // The scan follows the header; behind the file's last byte the decoder gets an end marker, which does not pass as sound.
  void feed() {
    if (!scan_.empty()) {
      give(scan_.data(), scan_.size());
      scan_ = {};
    } else {
      sound_ = false;
      give("\xff\xd9", 2);
    }
  }
  void skip(long count) {
    while (count > static_cast<long>(source_.bytes_in_buffer) && sound_) {
      count -= static_cast<long>(source_.bytes_in_buffer);
      feed();
    }
    size_t within = std::min(static_cast<size_t>(std::max(count, 0L)), source_.bytes_in_buffer);
    source_.next_input_byte += within;
    source_.bytes_in_buffer -= within;
  }

  bool is_usual() const;
  Blocks blocks_around(const JpegHeader& header, const PixelRect& rect) const;
  void set_size(size_t frame, int width, int height);
  bool run(const JpegHeader& header, const PixelRect& rect, int shrink, JpegPart& part);
  void shape_planes(const JpegHeader& header, JpegPart& part) const;
  void read_planes(JpegPart& part);

  static boolean decode_within(j_decompress_ptr jpeg, JBLOCKROW* blocks);
  void drop(int count) {
    for (int i = 0; i < count; ++i) original_(&jpeg_, nullptr);
  }

  jpeg_decompress_struct jpeg_{};
  jpeg_error_mgr errors_{};
  jpeg_source_mgr source_{};
  std::jmp_buf escape_;
  std::string header_;
  std::string_view scan_;
  bool sound_ = true;

  boolean (*original_)(j_decompress_ptr, JBLOCKROW*) = nullptr;
  Blocks around_{};
  int across_ = 0;  // MCUs in a row of the file
  int column_ = 0;  // of the next MCU within the part
  int above_ = 0;   // MCUs still to be dropped before the first row
};

bool PartDecoder::is_usual() const {
  if (jpeg_.progressive_mode || jpeg_.arith_code || jpeg_.data_precision != 8) return false;
  if (jpeg_.comps_in_scan != jpeg_.num_components) return false;
  const jpeg_component_info* c = jpeg_.comp_info;
  if (jpeg_.num_components == 1)
    return jpeg_.jpeg_color_space == JCS_GRAYSCALE && c[0].h_samp_factor == 1 &&
           c[0].v_samp_factor == 1;
  return jpeg_.num_components == 3 && jpeg_.jpeg_color_space == JCS_YCbCr &&
         c[0].h_samp_factor <= 2 && c[0].v_samp_factor <= 2 && c[1].h_samp_factor == 1 &&
         c[1].v_samp_factor == 1 && c[2].h_samp_factor == 1 && c[2].v_samp_factor == 1;
}

Blocks PartDecoder::blocks_around(const JpegHeader& header, const PixelRect& rect) const {
  const int wide = kBlock * jpeg_.max_h_samp_factor, high = kBlock * jpeg_.max_v_samp_factor;
  auto up_to = [](int pixels, int unit) { return (pixels + unit - 1) / unit; };
  return {.left = rect.left / wide,
          .right = up_to(std::min(rect.left + rect.width, header.width), wide),
          .top = rect.top / high,
          .bottom = up_to(std::min(rect.top + rect.height, header.height), high)};
}

void PartDecoder::set_size(size_t frame, int width, int height) {
  for (int i = 0; i < 2; ++i) {
    header_[frame + 1 + static_cast<size_t>(i)] = static_cast<char>(height >> (8 - 8 * i));
    header_[frame + 3 + static_cast<size_t>(i)] = static_cast<char>(width >> (8 - 8 * i));
  }
}

// In the place of libjpeg's own entropy decoder for one MCU of the part.
boolean PartDecoder::decode_within(j_decompress_ptr jpeg, JBLOCKROW* blocks) {
  PartDecoder& decoder = self(jpeg);
  const Blocks& around = decoder.around_;
  decoder.drop(std::exchange(decoder.above_, 0));
  if (decoder.column_ == 0) decoder.drop(around.left);
  boolean done = decoder.original_(jpeg, blocks);
  if (++decoder.column_ == around.right - around.left) {
    decoder.column_ = 0;
    decoder.drop(decoder.across_ - around.right);
  }
  return done;
}

bool PartDecoder::run(const JpegHeader& header, const PixelRect& rect, int shrink, JpegPart& part) {
  // The sampling factors, on which the part's size depends, stand behind the size in the frame.
  give(header_.data(), header_.size());
  if (jpeg_read_header(&jpeg_, TRUE) != JPEG_HEADER_OK || !is_usual()) return false;
  around_ = blocks_around(header, rect);
  const int wide = kBlock * jpeg_.max_h_samp_factor, high = kBlock * jpeg_.max_v_samp_factor;
  across_ = (header.width + wide - 1) / wide;
  above_ = around_.top * across_;
  column_ = 0;
  jpeg_abort_decompress(&jpeg_);
  set_size(header.frame, (around_.right - around_.left) * wide,
           (around_.bottom - around_.top) * high);
  give(header_.data(), header_.size());
  jpeg_read_header(&jpeg_, TRUE);
  jpeg_.raw_data_out = TRUE;
  jpeg_.dct_method = JDCT_ISLOW;
  jpeg_.scale_num = 1;
  jpeg_.scale_denom = static_cast<unsigned>(shrink);
  if (!jpeg_start_decompress(&jpeg_)) return false;
  original_ = std::exchange(jpeg_.entropy->decode_mcu, decode_within);
  shape_planes(header, part);
  read_planes(part);
  return true;
}

void PartDecoder::shape_planes(const JpegHeader& header, JpegPart& part) const {
  part.count = jpeg_.num_components;
  for (int i = 0; i < part.count; ++i) {
    const jpeg_component_info& c = jpeg_.comp_info[i];
    JpegPlane& plane = part.planes[static_cast<size_t>(i)];
    const int side_x = c.h_samp_factor * scaled_size(c), side_y = c.v_samp_factor * scaled_size(c);
    plane.step_x = static_cast<double>(kBlock * jpeg_.max_h_samp_factor) / side_x;
    plane.step_y = static_cast<double>(kBlock * jpeg_.max_v_samp_factor) / side_y;
    plane.left = around_.left * kBlock * jpeg_.max_h_samp_factor;
    plane.top = around_.top * kBlock * jpeg_.max_v_samp_factor;
    plane.stride = (around_.right - around_.left) * side_x;
    // Blocks go on beyond the picture's edge; what is there is padding.
    auto inside = [](int whole, double from, double step, int there) {
      return std::min(there, static_cast<int>((whole - from + step - 1) / step));
    };
    plane.width = inside(header.width, plane.left, plane.step_x, plane.stride);
    const int rows = (around_.bottom - around_.top) * side_y;
    plane.height = inside(header.height, plane.top, plane.step_y, rows);
    plane.samples.resize(static_cast<size_t>(plane.stride) * static_cast<size_t>(rows));
  }
}

// Rows of MCUs, straight into the planes.
void PartDecoder::read_planes(JpegPart& part) {
  constexpr int kMostRows = 2 * kBlock;
  JSAMPROW rows[3][kMostRows];
  JSAMPARRAY planes[3] = {rows[0], rows[1], rows[2]};
  const int lines = jpeg_.max_v_samp_factor * least_scaled_size(jpeg_);
  for (int mcu = 0; mcu < around_.bottom - around_.top && sound_; ++mcu) {
    for (int i = 0; i < part.count; ++i) {
      JpegPlane& plane = part.planes[static_cast<size_t>(i)];
      const int high = jpeg_.comp_info[i].v_samp_factor * scaled_size(jpeg_.comp_info[i]);
      for (int y = 0; y < high; ++y)
        rows[i][y] = plane.samples.data() +
                     static_cast<size_t>(mcu * high + y) * static_cast<size_t>(plane.stride);
    }
    if (jpeg_read_raw_data(&jpeg_, planes, static_cast<JDIMENSION>(lines)) == 0) sound_ = false;
  }
}

}  // namespace

bool decode_jpeg_part(std::string_view bytes,
                      const JpegHeader& header,
                      const PixelRect& rect,
                      int shrink,
                      JpegPart& part) {
  if (header.orientation != 1) return false;
  // A cut file shows by its missing end, wherever the part lies; sizes that the bytes cannot hold are not believed.
  size_t end = bytes.rfind("\xff\xd9");
  if (end == std::string_view::npos || end < header.scan) return false;
  if (int64_t{header.width} * header.height / 512 > static_cast<int64_t>(bytes.size()))
    return false;
  thread_local PartDecoder decoder;
  return decoder.decode(bytes, header, rect, shrink, part);
}

}  // namespace espalier
