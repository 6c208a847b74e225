// Against Pillow's decoding (tests/golden/formats/make_formats_golden.py) and closed forms.
#include "espalier/format/jpeg.h"

#include <cmath>
#include <cstdlib>
#include <sstream>

#include "tests/format/broken_bytes.h"

namespace espalier {
namespace {

std::string golden(const std::string& name) {
  return read_file(format_golden(name));
}

// Portable pixmap or graymap with 8 bits, as Pillow writes it.
Image pixmap(const std::string& name) {
  std::istringstream stream(golden(name));
  std::string magic;
  int width = 0, height = 0, largest = 0;
  stream >> magic >> width >> height >> largest;
  stream.get();
  Image image(width, height, magic == "P6" ? 3 : 1);
  stream.read(reinterpret_cast<char*>(image.pixels.data()),
              static_cast<std::streamsize>(image.pixels.size()));
  return image;
}

int largest_difference(const Image& a, const Image& b) {
  EXPECT_EQ(a.width, b.width);
  EXPECT_EQ(a.height, b.height);
  EXPECT_EQ(a.channels, b.channels);
  if (a.pixels.size() != b.pixels.size()) return 256;
  int largest = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i)
    largest = std::max(largest, std::abs(a.pixels[i] - b.pixels[i]));
  return largest;
}

Image gradient(int width, int height, int channels) {
  Image image(width, height, channels);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < channels; ++c)
        image.at(x, y, c) = static_cast<uint8_t>(c == 0   ? 255 * x / width
                                                 : c == 1 ? 255 * y / height
                                                          : 90);
  return image;
}

TEST(Jpeg, DecodesAsPillowDoes) {
  for (const char* name : {"ycc420", "progressive"})
    EXPECT_EQ(largest_difference(decode_jpeg(golden(std::string(name) + ".jpg")),
                                 pixmap(std::string(name) + ".ppm")),
              0)
        << name;
  EXPECT_EQ(largest_difference(decode_jpeg(golden("gray.jpg")), pixmap("gray.pgm")), 0);
}

TEST(Jpeg, InvertedInksOfAdobeBecomeRgbAsInPillow) {
  EXPECT_LE(largest_difference(decode_jpeg(golden("cmyk.jpg")), pixmap("cmyk.ppm")), 1);
  EXPECT_EQ(decode_jpeg(golden("cmyk.jpg"), {.channels = Channels::gray}).channels, 1);
}

TEST(Jpeg, GivesTheWantedChannels) {
  Image gray = decode_jpeg(golden("gray.jpg"));
  Image as_rgb = decode_jpeg(golden("gray.jpg"), {.channels = Channels::rgb});
  ASSERT_EQ(as_rgb.channels, 3);
  for (int c = 0; c < 3; ++c) EXPECT_EQ(as_rgb.at(5, 7, c), gray.at(5, 7));
  Image rgb = decode_jpeg(golden("progressive.jpg"));
  Image luma = decode_jpeg(golden("progressive.jpg"), {.channels = Channels::gray});
  ASSERT_EQ(luma.channels, 1);
  double expected =
      0.299 * rgb.at(20, 10, 0) + 0.587 * rgb.at(20, 10, 1) + 0.114 * rgb.at(20, 10, 2);
  EXPECT_NEAR(luma.at(20, 10), expected, 1.5);
}

// Quarters red, green, blue, white; however the camera was held.
TEST(Jpeg, EveryOrientationComesOutUpright) {
  constexpr int kColours[4][3] = {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {255, 255, 255}};
  for (int orientation = 1; orientation <= 8; ++orientation) {
    std::string bytes = golden("orientation" + std::to_string(orientation) + ".jpg");
    EXPECT_EQ(parse_jpeg_header(bytes).orientation, orientation);
    Image image = decode_jpeg(bytes);
    ASSERT_EQ(image.width, 24) << orientation;
    ASSERT_EQ(image.height, 16) << orientation;
    for (int quarter = 0; quarter < 4; ++quarter)
      for (int c = 0; c < 3; ++c)
        EXPECT_NEAR(image.at(4 + 14 * (quarter % 2), 3 + 9 * (quarter / 2), c),
                    kColours[quarter][c], 20)
            << "orientation " << orientation << ", quarter " << quarter;
  }
}

TEST(Jpeg, OrientationIsReadInBothByteOrdersAndNonsenseIsUpright) {
  std::string plain = encode_jpeg(gradient(8, 8, 3));
  auto with_exif = [&](const std::string& tiff) {
    std::string content = std::string("Exif\0\0", 6) + tiff;
    size_t length = content.size() + 2;
    std::string marker = {'\xff', '\xe1', static_cast<char>(length >> 8),
                          static_cast<char>(length)};
    return plain.substr(0, 2) + marker + content + plain.substr(2);
  };
  auto orientation = [&](const std::string& tiff) {
    return parse_jpeg_header(with_exif(tiff)).orientation;
  };
  std::string big("MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0", 22);
  std::string little("II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x08\0\0\0", 22);
  EXPECT_EQ(orientation(big), 6);
  EXPECT_EQ(orientation(little), 8);
  EXPECT_EQ(orientation(""), 1);
  EXPECT_EQ(orientation("XX" + big.substr(2)), 1);
  EXPECT_EQ(orientation(big.substr(0, 19)), 1);
  EXPECT_EQ(orientation(std::string("MM\0\x2a\xff\xff\xff\xff", 8) + big.substr(8)), 1);
  std::string nine = big, zero = big;
  nine[19] = 9;
  zero[19] = 0;
  EXPECT_EQ(orientation(nine), 1);
  EXPECT_EQ(orientation(zero), 1);
  flip_bits(with_exif(big), [](const std::string& bytes) { decode_jpeg(bytes); });
}

TEST(Jpeg, ScaledDecodingStopsAtTheWantedShortSide) {
  Image large = gradient(400, 240, 3);
  std::string bytes = encode_jpeg(large, 95);
  for (int wanted : {1, 29, 30, 31, 60, 89, 90, 91, 150, 239, 240, 1000}) {
    Image image = decode_jpeg(bytes, {.min_side = wanted});
    EXPECT_GE(image.height, std::min(wanted, 240)) << wanted;
    if (image.height > 30)
      EXPECT_LT(image.height, 2 * wanted) << wanted;  // else a smaller scale would do
    EXPECT_NEAR(image.width / 400.0, image.height / 240.0, 0.01);
    EXPECT_NEAR(image.at(image.width / 2, image.height / 2, 0), 127, 6);
    EXPECT_NEAR(image.at(image.width / 4, image.height / 2, 0), 64, 6);
  }
  EXPECT_EQ(decode_jpeg(bytes, {.min_side = 120}).height, 120);
  EXPECT_EQ(decode_jpeg(bytes, {.min_side = 0}).height, 240);
}

TEST(Jpeg, EncodesWhatItDecodes) {
  for (int channels : {1, 3}) {
    Image image = gradient(61, 47, channels);
    EXPECT_LE(largest_difference(decode_jpeg(encode_jpeg(image, 98)), image), 6) << channels;
    EXPECT_LT(encode_jpeg(image, 30).size(), encode_jpeg(image, 98).size());
  }
  expect_error([] { encode_jpeg(Image(4, 4, 3), 0); }, Kind::usage, "quality 0");
  expect_error([] { encode_jpeg(Image(4, 4, 4), 80); }, Kind::internal, "4 channels");
  expect_error([] { encode_jpeg(Image(65501, 1, 1), 80); }, Kind::unsupported, "65500");
}

TEST(Jpeg, RefusesOtherCodingsByName) {
  std::string bytes = encode_jpeg(gradient(16, 16, 3));
  size_t frame = bytes.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  auto patched = [&](size_t at, int value) {
    std::string copy = bytes;
    copy[at] = static_cast<char>(value);
    return copy;
  };
  auto decode = [](const std::string& broken) { return [broken] { decode_jpeg(broken); }; };
  expect_error(decode(patched(frame + 1, 0xc9)), Kind::unsupported, "arithmetic");
  expect_error(decode(patched(frame + 1, 0xc3)), Kind::unsupported, "lossless");
  expect_error(decode(patched(frame + 4, 12)), Kind::unsupported, "12 bits");
  expect_error(decode(patched(frame + 9, 2)), Kind::unsupported, "2 components");
  expect_error(decode("GIF89a"), Kind::format, "not a JPEG");
}

TEST(Jpeg, SizesAreCheckedAgainstTheBytesBeforeMemoryIsTaken) {
  std::string bytes = encode_jpeg(gradient(16, 16, 3));
  size_t frame = bytes.find("\xff\xc0");
  auto sized = [&](int height, int width) {
    std::string copy = bytes;
    for (int i : {0, 1}) {
      copy[frame + 5 + static_cast<size_t>(i)] = static_cast<char>(height >> (8 * (1 - i)));
      copy[frame + 7 + static_cast<size_t>(i)] = static_cast<char>(width >> (8 * (1 - i)));
    }
    return [copy] { decode_jpeg(copy); };
  };
  expect_error(sized(65000, 65000), Kind::unsupported, "65000 x 65000");
  expect_error(sized(10000, 10000), Kind::format, "cannot hold");
  expect_error(sized(0, 16), Kind::format, "16 x 0");
  expect_error(sized(32, 16), Kind::format, "cut short");
}

TEST(Jpeg, StrayBytesBetweenMarkersAreOverlooked) {
  std::string bytes = golden("progressive.jpg");
  size_t scan = bytes.find("\xff\xda", parse_jpeg_header(bytes).scan);
  ASSERT_NE(scan, std::string::npos);
  std::string stray = bytes.substr(0, scan) + "abc" + bytes.substr(scan);
  EXPECT_EQ(decode_jpeg(stray), decode_jpeg(bytes));
  stray.resize(stray.size() - 2);
  EXPECT_THROW(decode_jpeg(stray), Error);
}

TEST(Jpeg, AnyCutIsAnErrorAndFlippedBitsNeverCrash) {
  auto decode = [](const std::string& bytes) { decode_jpeg(bytes); };
  for (const char* name :
       {"ycc420.jpg", "progressive.jpg", "gray.jpg", "cmyk.jpg", "orientation6.jpg"}) {
    SCOPED_TRACE(name);
    expect_every_cut_refused(golden(name), decode);
    EXPECT_GT(flip_bits(golden(name), decode), 100);
  }
}

TEST(Jpeg, MessagesNameThePath) {
  fs::path path = fs::path(testing::TempDir()) / "espalier_cut.jpg";
  write_file_atomic(path, golden("gray.jpg").substr(0, 300));
  expect_error([&] { read_jpeg(path); }, Kind::format, "espalier_cut.jpg");
  fs::remove(path);
  expect_error([&] { read_jpeg(path); }, Kind::io, "does not exist");
}

}  // namespace
}  // namespace espalier
