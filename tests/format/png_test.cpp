// Against files of Pillow (tests/golden/formats) and files of every colour type and depth made with libpng here.
#include "espalier/format/png.h"

#include <array>

#include <png.h>

#include "espalier/format/read_image.h"

#include "tests/format/broken_bytes.h"

namespace espalier {
namespace {

std::string golden(const std::string& name) {
  return read_file(format_golden(name));
}

// The formula of the pictures, golden or made here.
int sample(int x, int y, int c, int values) {
  return (37 * x + 59 * y + 83 * c) % values;
}

struct Made {
  int type, depth;
  bool interlaced, transparent;
};

void append(png_structp png, png_bytep bytes, size_t count) {
  static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<char*>(bytes), count);
}

int channels_of(int type) {
  return type == PNG_COLOR_TYPE_RGB_ALPHA    ? 4
         : type == PNG_COLOR_TYPE_RGB        ? 3
         : type == PNG_COLOR_TYPE_GRAY_ALPHA ? 2
                                             : 1;
}

constexpr int kWidth = 13, kHeight = 11;

// Palette entry i is (5 i, 255 - 3 i, i), modulo 256; where transparent, entry or gray or red value 1 is.
std::string make_png(const Made& made) {
  std::string bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(png, &bytes, append, nullptr);
  png_set_IHDR(png, info, kWidth, kHeight, made.depth, made.type,
               made.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  int values = 1 << made.depth;
  if (made.type == PNG_COLOR_TYPE_PALETTE) {
    std::vector<png_color> palette;
    for (int i = 0; i < values; ++i)
      palette.push_back({static_cast<png_byte>(5 * i), static_cast<png_byte>(255 - 3 * i),
                         static_cast<png_byte>(i)});
    png_set_PLTE(png, info, palette.data(), values);
  }
  png_byte alpha[2] = {255, 0};
  png_color_16 clear{};
  clear.gray = clear.red = 1;
  clear.green = static_cast<png_uint_16>(sample(0, 0, 1, values));
  if (made.transparent) {
    bool palette = made.type == PNG_COLOR_TYPE_PALETTE;
    png_set_tRNS(png, info, palette ? alpha : nullptr, palette ? 2 : 0, &clear);
  }
  png_write_info(png, info);
  if (made.depth < 8) png_set_packing(png);
  int channels = channels_of(made.type);
  std::vector<std::vector<png_byte>> rows(kHeight);
  std::vector<png_bytep> pointers;
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x)
      for (int c = 0; c < channels; ++c) {
        int value = sample(x, y, c, values);
        if (made.depth == 16)
          rows[static_cast<size_t>(y)].push_back(static_cast<png_byte>(value >> 8));
        rows[static_cast<size_t>(y)].push_back(static_cast<png_byte>(value));
      }
    pointers.push_back(rows[static_cast<size_t>(y)].data());
  }
  png_write_image(png, pointers.data());
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

std::vector<Made> all_kinds() {
  std::vector<Made> kinds;
  for (bool interlaced : {false, true}) {
    for (int depth : {1, 2, 4, 8, 16})
      kinds.push_back({PNG_COLOR_TYPE_GRAY, depth, interlaced, false});
    for (int depth : {1, 2, 4, 8})
      kinds.push_back({PNG_COLOR_TYPE_PALETTE, depth, interlaced, false});
    for (int type : {PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB_ALPHA})
      for (int depth : {8, 16}) kinds.push_back({type, depth, interlaced, false});
    kinds.push_back({PNG_COLOR_TYPE_GRAY, 4, interlaced, true});
    kinds.push_back({PNG_COLOR_TYPE_GRAY, 16, interlaced, true});
    kinds.push_back({PNG_COLOR_TYPE_PALETTE, 8, interlaced, true});
    kinds.push_back({PNG_COLOR_TYPE_RGB, 8, interlaced, true});
  }
  return kinds;
}

std::string name_of(const Made& made) {
  return fmt::format("type {} depth {} {} {}", made.type, made.depth,
                     made.interlaced ? "Adam7" : "", made.transparent ? "tRNS" : "");
}

// The colour that a kind shows at a pixel, as red, green, blue, alpha in 0..1.
std::array<double, 4> truth(const Made& made, int x, int y) {
  int values = 1 << made.depth;
  auto share = [&](int c) { return sample(x, y, c, values) / (values - 1.0); };
  int first = sample(x, y, 0, values);
  double alpha = made.transparent && first == 1 ? 0 : 1;
  switch (made.type) {
    case PNG_COLOR_TYPE_GRAY:
      return {share(0), share(0), share(0), alpha};
    case PNG_COLOR_TYPE_GRAY_ALPHA:
      return {share(0), share(0), share(0), share(1)};
    case PNG_COLOR_TYPE_PALETTE:
      return {(5 * first & 255) / 255.0, ((255 - 3 * first) & 255) / 255.0, first / 255.0, alpha};
    case PNG_COLOR_TYPE_RGB:
      if (made.transparent) alpha = 1;  // no pixel has the clear colour's blue
      return {share(0), share(1), share(2), alpha};
    default:
      return {share(0), share(1), share(2), share(3)};
  }
}

TEST(Png, EveryKindAndDepthReadsAsEightBits) {
  for (const Made& made : all_kinds()) {
    SCOPED_TRACE(name_of(made));
    Image image = decode_png(make_png(made));
    bool alpha = made.transparent || made.type == PNG_COLOR_TYPE_GRAY_ALPHA ||
                 made.type == PNG_COLOR_TYPE_RGB_ALPHA;
    bool gray = made.type == PNG_COLOR_TYPE_GRAY;
    ASSERT_EQ(image.channels, alpha ? 4 : gray ? 1 : 3);
    for (int y = 0; y < kHeight; ++y)
      for (int x = 0; x < kWidth; ++x)
        for (int c = 0; c < image.channels; ++c)
          ASSERT_NEAR(image.at(x, y, c), 255 * truth(made, x, y)[static_cast<size_t>(c)], 0.501)
              << x << " " << y << " " << c;
  }
}

TEST(Png, EveryKindAndDepthReadsAsSixteenBits) {
  for (const Made& made : all_kinds()) {
    SCOPED_TRACE(name_of(made));
    Image16 image = decode_png16(make_png(made));
    ASSERT_NE(image.channels, 2);
    for (int y = 0; y < kHeight; ++y)
      for (int x = 0; x < kWidth; ++x)
        for (int c = 0; c < image.channels; ++c)
          ASSERT_NEAR(image.at(x, y, c), 65535 * truth(made, x, y)[static_cast<size_t>(c)], 1e-6)
              << x << " " << y << " " << c;
  }
}

TEST(Png, LabelsAreTheStoredNumbers) {
  for (const Made& made : all_kinds()) {
    SCOPED_TRACE(name_of(made));
    std::string bytes = make_png(made);
    auto read = [&] { decode_png_labels(bytes); };
    if (channels_of(made.type) > 1)
      expect_error(read, Kind::data, "channels");
    else if (made.depth == 16)
      expect_error(read, Kind::unsupported, "16");
    else {
      Image labels = decode_png_labels(bytes);
      ASSERT_EQ(labels.channels, 1);
      for (int y = 0; y < kHeight; ++y)
        for (int x = 0; x < kWidth; ++x)
          ASSERT_EQ(labels.at(x, y), sample(x, y, 0, 1 << made.depth));
    }
  }
}

TEST(Png, AlphaIsCompositedOverWhite) {
  Image image(2, 1, 4);
  image.pixels = {10, 20, 30, 0, 200, 100, 0, 128};
  Image rgb = decode_png(encode_png(image), Channels::rgb);
  EXPECT_EQ(rgb.pixels, (std::vector<uint8_t>{255, 255, 255, 227, 177, 127}));
  Image gray = decode_png(encode_png(image), Channels::gray);
  EXPECT_EQ(gray.pixels[0], 255);
  EXPECT_NEAR(gray.pixels[1], 0.299 * 227 + 0.587 * 177 + 0.114 * 127, 0.51);
  EXPECT_EQ(
      decode_png(make_png({PNG_COLOR_TYPE_GRAY_ALPHA, 8, false, false}), Channels::opaque).channels,
      1);
}

TEST(Png, ReadsPillowsFiles) {
  struct File {
    const char* name;
    int channels, values;
  };
  for (const File& file :
       {File{"gray8.png", 1, 256}, {"rgb8.png", 3, 256}, {"rgba8.png", 4, 256}}) {
    Image image = decode_png(golden(file.name));
    ASSERT_EQ(image.channels, file.channels);
    for (int c = 0; c < image.channels; ++c)
      EXPECT_EQ(image.at(8, 6, c), sample(8, 6, c, 256)) << file.name;
  }
  EXPECT_EQ(decode_png_labels(golden("gray1.png")).at(7, 3), sample(7, 3, 0, 2));
  EXPECT_EQ(decode_png16(golden("gray16.png")).at(8, 5), (37 * 8 + 59 * 5) * 977 % 65536);
  Image pair = decode_png(golden("gray_alpha8.png"));
  EXPECT_EQ(pair.at(4, 4, 2), sample(4, 4, 0, 256));
  EXPECT_EQ(pair.at(4, 4, 3), sample(4, 4, 1, 256));
  Image palette = decode_png(golden("palette4.png")),
        labels = decode_png_labels(golden("palette4.png"));
  constexpr int kRed[] = {0, 200, 10, 10, 90};
  for (int x = 0; x < 9; ++x) {
    EXPECT_EQ(labels.at(x, 2), sample(x, 2, 0, 5));
    EXPECT_EQ(palette.at(x, 2, 0), kRed[labels.at(x, 2)]);
    EXPECT_EQ(palette.at(x, 2, 3), labels.at(x, 2) == 2 ? 0 : 255);
  }
}

TEST(Png, WritesWhatItReads) {
  Random random(3);
  for (int channels : {1, 3, 4}) {
    Image image(17, 9, channels);
    for (uint8_t& value : image.pixels) value = static_cast<uint8_t>(random.bits());
    EXPECT_EQ(decode_png(encode_png(image)), image);
    Image16 deep(17, 9, channels);
    for (uint16_t& value : deep.pixels) value = static_cast<uint16_t>(random.bits());
    EXPECT_EQ(decode_png16(encode_png16(deep)), deep);
  }
  expect_error([] { encode_png(Image(3, 3, 2)); }, Kind::internal, "2 channels");
  expect_error([] { encode_png(Image()); }, Kind::internal, "0 x 0");
  fs::path path = fs::path(testing::TempDir()) / "espalier_round.png";
  write_png(path, Image(5, 4, 3, 77));
  EXPECT_EQ(read_png(path), Image(5, 4, 3, 77));
  fs::remove(path);
}

TEST(Png, AWrongChecksumAnywhereIsAnError) {
  std::string bytes =
      make_png({PNG_COLOR_TYPE_PALETTE, 8, false, true});  // IHDR PLTE tRNS IDAT IEND
  int chunks = 0;
  for (size_t at = 8; at + 12 <= bytes.size(); ++chunks) {
    auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<uint8_t>(bytes[at + i])); };
    size_t length = byte(0) << 24 | byte(1) << 16 | byte(2) << 8 | byte(3);
    std::string broken = bytes;
    broken[at + 8 + length] ^= 1;
    expect_error([&] { decode_png(broken); }, Kind::format, "damaged");
    at += 12 + length;
  }
  EXPECT_EQ(chunks, 5);
}

// Signature and a valid header that claims this size; libpng checks the rest later than we must.
std::string claims(uint32_t width, uint32_t height) {
  std::string bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(png, &bytes, append, nullptr);
  png_set_IHDR(png, info, width, height, 8, PNG_COLOR_TYPE_RGB, 0, 0, 0);
  png_write_info(png, info);
  png_byte nothing = 0;
  png_write_chunk(png, reinterpret_cast<png_const_bytep>("IDAT"), &nothing, 1);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

TEST(Png, SizesAreCheckedAgainstTheBytesBeforeMemoryIsTaken) {
  expect_error([] { decode_png(claims(100000, 100000)); }, Kind::unsupported, "100000 x 100000");
  expect_error([] { decode_png(claims(16000, 16000)); }, Kind::format, "cannot hold");
  expect_error([] { decode_png(claims(2, 2)); }, Kind::format, "cut short");
}

TEST(Png, AnyCutIsAnErrorAndFlippedBitsNeverCrash) {
  auto decode = [](const std::string& bytes) { decode_png(bytes); };
  for (const Made& made : {Made{PNG_COLOR_TYPE_RGB, 8, false, false},
                           {PNG_COLOR_TYPE_PALETTE, 4, true, false},
                           {PNG_COLOR_TYPE_GRAY, 16, true, false},
                           {PNG_COLOR_TYPE_PALETTE, 8, false, true}}) {
    SCOPED_TRACE(name_of(made));
    std::string bytes = make_png(made);
    expect_every_cut_refused(bytes, decode);
    EXPECT_GT(flip_bits(bytes, decode), 900);
    flip_bits(bytes, [](const std::string& broken) { decode_png16(broken); });
    flip_bits(bytes, [](const std::string& broken) { decode_png_labels(broken); });
  }
}

TEST(ReadImage, LooksAtTheBytesNotTheSuffix) {
  fs::path folder = fs::path(testing::TempDir()) / "espalier_read_image";
  write_file_atomic(folder / "really_png.jpg", golden("rgba8.png"));
  write_file_atomic(folder / "really_jpeg.png", golden("orientation6.jpg"));
  write_file_atomic(folder / "gif.png", "GIF89a..........");
  write_file_atomic(folder / "text.jpg", "hello");
  write_file_atomic(folder / "empty.jpg", "");
  Image png = read_image(folder / "really_png.jpg");
  EXPECT_EQ(png.channels, 3);
  EXPECT_EQ(png.width, 9);
  Image jpeg = read_image(folder / "really_jpeg.png", {.channels = Channels::gray});
  EXPECT_EQ(jpeg.channels, 1);
  EXPECT_EQ(jpeg.width, 24);
  expect_error([&] { read_image(folder / "gif.png"); }, Kind::unsupported, "gif.png: GIF pictures");
  expect_error([&] { read_image(folder / "text.jpg"); }, Kind::format, "text.jpg: neither");
  expect_error([&] { read_image(folder / "empty.jpg"); }, Kind::format,
               "empty.jpg: the file is empty");
  expect_error([&] { read_image(folder / "none.jpg"); }, Kind::io, "none.jpg");
  expect_error([&] { read_image(folder); }, Kind::io, "not a file");
  fs::remove_all(folder);
}

}  // namespace
}  // namespace espalier
