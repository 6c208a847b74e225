// The markers and EXIF with all else, and the decoding at a scale and in the channels that the last byte says.
#include "espalier/format/jpeg.h"

#include "fuzz/bear.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace espalier;
  int choice = size == 0 ? 0 : data[size - 1];
  return bear(data, size, [choice](std::string_view bytes) {
    JpegConfig config{.channels = static_cast<Channels>(choice % 4),
                      .min_side = choice / 4 % 3 * 16};
    Image image = decode_jpeg(bytes, config);
    if (image.empty() || (config.channels == Channels::rgb && image.channels != 3)) std::abort();
  });
}
