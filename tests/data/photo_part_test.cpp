// Against decoding all, cutting and resizing, each of which is held to Pillow elsewhere (format/jpeg_test.cpp,
// transform_test.cpp).
#include "espalier/data/photo_part.h"

#include <cmath>
#include <cstdlib>

#include "espalier/data/image_folder.h"
#include "espalier/data/loader.h"
#include "espalier/data/recipe.h"
#include "espalier/data/resample.h"
#include "espalier/format/jpeg.h"

#include "tests/data/scratch_folder.h"
#include "tests/format/broken_bytes.h"

namespace espalier {
namespace {

// Soft waves of colour with some noise, as photographs have.
Image photograph(int width, int height, int channels, uint64_t seed = 1) {
  Image image(width, height, channels);
  Random random(seed);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const double noise = 6 * random.normal();
      for (int c = 0; c < channels; ++c)
        image.at(x, y, c) = static_cast<uint8_t>(std::clamp(
            128 + 60 * std::sin(x / (17.0 + 9 * c)) + 50 * std::cos(y / (23.0 - 5 * c)) + noise,
            0.0, 255.0));
    }
  return image;
}

Image as_file(const std::string& bytes, int width, int height) {
  Image file;
  file.width = width;
  file.height = height;
  file.pixels.assign(bytes.begin(), bytes.end());
  return file;
}

Image whole_way(const std::string& bytes, const PixelRect& part, int width, int height) {
  const Image whole = decode_jpeg(bytes, {.channels = Channels::rgb});
  return resample_separable(whole, {double(part.width) / width, double(part.left)},
                            {double(part.height) / height, double(part.top)}, width, height, 0);
}

struct Difference {
  double mean = 0, bias = 0;
  int largest = 0;
};

Difference difference(const Image& a, const Image& b) {
  Difference d;
  EXPECT_EQ(a.pixels.size(), b.pixels.size());
  for (size_t i = 0; i < std::min(a.pixels.size(), b.pixels.size()); ++i) {
    const int step = a.pixels[i] - b.pixels[i];
    d.mean += std::abs(step) / double(a.pixels.size());
    d.bias += step / double(a.pixels.size());
    d.largest = std::max(d.largest, std::abs(step));
  }
  return d;
}

PixelRect random_part(Random& random, int width, int height) {
  const int w = 1 + static_cast<int>(random.below(width)),
            h = 1 + static_cast<int>(random.below(height));
  return {static_cast<int>(random.below(width - w + 1)),
          static_cast<int>(random.below(height - h + 1)), w, h};
}

TEST(PhotoPart, IsWhatDecodingAllCuttingAndResizingGives) {
  Random random(3);
  for (int quality : {80, 95})  // chroma at half and at full resolution
    for (int channels : {1, 3}) {
      const int width = 201, height = 149;
      const std::string bytes = encode_jpeg(photograph(width, height, channels), quality);
      const Image file = as_file(bytes, width, height);
      std::vector<PixelRect> parts = {
          {0, 0, width, height}, {width - 9, height - 9, 9, 9}, {0, 0, 8, 8}, {40, 33, 96, 80}};
      while (parts.size() < 40) parts.push_back(random_part(random, width, height));
      for (const PixelRect& part : parts) {
        JpegPart planes;
        EXPECT_TRUE(decode_jpeg_part(bytes, parse_jpeg_header(bytes), part, 1, planes));
        EXPECT_EQ(planes.count, channels);
        const Image given = read_photo_part(file, part, 64, 48);
        const Difference d = difference(given, whole_way(bytes, part, 64, 48));
        const std::string where =
            fmt::format("quality {}, {} channels, {} x {} at ({}, {})", quality, channels,
                        part.width, part.height, part.left, part.top);
        EXPECT_LT(d.mean, 1.0) << where;
        EXPECT_LT(std::abs(d.bias), 0.3) << where;
        EXPECT_LT(d.largest, 16) << where;
        const bool shrunk = part.width >= 2 * 64 && part.height >= 2 * 48;
        if (channels == 1 && !shrunk) {
          EXPECT_LE(d.largest, 1) << where;
        }
      }
    }
}

TEST(PhotoPart, ShrinksOnTheWayWhereManyPixelsBecomeOne) {
  const int width = 1000, height = 760;
  const std::string bytes = encode_jpeg(photograph(width, height, 3), 85);
  const Image file = as_file(bytes, width, height);
  for (const PixelRect& part : {PixelRect{0, 0, width, height}, PixelRect{101, 55, 800, 640},
                                PixelRect{300, 200, 150, 140}}) {
    const Difference d =
        difference(read_photo_part(file, part, 64, 64), whole_way(bytes, part, 64, 64));
    EXPECT_LT(d.mean, 1.5) << part.width;
    EXPECT_LT(std::abs(d.bias), 0.3) << part.width;
  }
}

TEST(PhotoPart, FilesOfOtherKindsAreDecodedWhole) {
  for (const char* name :
       {"progressive.jpg", "cmyk.jpg", "orientation1.jpg", "gray.jpg", "ycc420.jpg"}) {
    const std::string bytes = read_file(format_golden(name));
    const JpegHeader header = parse_jpeg_header(bytes);
    const PixelRect part{1, 2, header.width - 4, header.height - 5};
    const Difference d =
        difference(read_photo_part(as_file(bytes, header.width, header.height), part, 20, 14),
                   whole_way(bytes, part, 20, 14));
    EXPECT_LT(d.mean, 1.5) << name;
  }
  JpegPart planes;
  const std::string bytes = read_file(format_golden("progressive.jpg"));
  EXPECT_FALSE(decode_jpeg_part(bytes, parse_jpeg_header(bytes), {0, 0, 8, 8}, 1, planes));
}

TEST(PhotoPart, TurnedPhotographsAndOtherPicturesAreNotLeftUndecoded) {
  EXPECT_TRUE(is_undecoded(read_undecoded(format_golden("ycc420.jpg"))));
  for (const char* name : {"orientation6.jpg", "rgb8.png", "gray8.png"}) {
    const Image image = read_undecoded(format_golden(name));
    EXPECT_FALSE(is_undecoded(image)) << name;
    EXPECT_EQ(image.channels, 3) << name;
  }
}

TEST(PhotoPart, AnyCutIsAnErrorAndFlippedBitsNeverCrash) {
  const std::string bytes = encode_jpeg(photograph(60, 44, 3), 80);
  auto parse = [](const std::string& some) {
    const JpegHeader header = parse_jpeg_header(some);
    const Image view = read_photo_part(
        as_file(some, header.width, header.height),
        {0, 0, std::max(1, header.width / 2), std::max(1, header.height / 2)}, 32, 24);
    EXPECT_EQ(view.pixels.size(), 32u * 24 * 3);
  };
  expect_every_cut_refused(bytes, parse);
  flip_bits(bytes, parse, 2000);
}

TEST(PhotoPart, TrainingBatchesAreTheSameForAnyNumberOfWorkers) {
  ScratchFolder folder("photo_part");
  for (int i = 0; i < 24; ++i)
    write_jpeg(folder.root() / (i % 2 ? "odd" : "even") / fmt::format("{:02}.jpg", i),
               photograph(90 + i, 70 + 2 * i, i % 5 == 0 ? 1 : 3, static_cast<uint64_t>(i)), 85);
  const AugmentConfig augment{.augment = "standard"};
  auto epoch = [&](int64_t workers) {
    Loader loader(make_image_folder(folder.root()), train_transform(augment, 48),
                  {.batch = 8,
                   .workers = workers,
                   .shuffle = true,
                   .seed = 3,
                   .min_side = decode_side(augment, 48, true)});
    loader.start_epoch(2);
    std::vector<uint8_t> pixels;
    std::vector<int64_t> labels;
    while (std::optional<Batch> batch = loader.next()) {
      EXPECT_TRUE(batch->failures.empty());
      EXPECT_EQ(batch->channels, 3);
      pixels.insert(pixels.end(), batch->pixels.begin(), batch->pixels.end());
      for (size_t i = 0; i < batch->truth.size(); ++i) {
        labels.push_back(batch->truth[i].labels.at(0).id);
        EXPECT_EQ(labels.back(), loader.dataset().label(batch->indices[i]));
        EXPECT_EQ(batch->truth[i].width, 48);
      }
    }
    EXPECT_EQ(labels.size(), 24u);
    return pixels;
  };
  const std::vector<uint8_t> alone = epoch(0);
  EXPECT_EQ(alone.size(), 24u * 48 * 48 * 3);
  for (int64_t workers : {1, 2, 3}) EXPECT_EQ(epoch(workers), alone) << workers;
}

}  // namespace
}  // namespace espalier
