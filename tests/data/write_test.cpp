#include "espalier/data/write.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/core/progress.h"
#include "espalier/core/random.h"
#include "espalier/data/contact_sheet.h"
#include "espalier/data/orchard.h"
#include "espalier/data/write_segmentation.h"
#include "espalier/format/png.h"
#include "espalier/format/read_image.h"

namespace espalier {
namespace {

class Write : public testing::Test {
 protected:
  void SetUp() override {
    set_quiet(true);
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(testing::TempDir()) / (std::string("espalier_write_") + test->name());
    fs::remove_all(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path folder_;
};

OrchardConfig tiny(const std::string& kind) {
  return {.kind = kind, .size = 48, .train = 10, .val = 6, .test = 4};
}

int64_t count_set(const Image& mask) {
  return std::count_if(mask.pixels.begin(), mask.pixels.end(), [](uint8_t v) { return v != 0; });
}

Image random_mask(Random& random, int width, int height, double density) {
  Image mask(width, height, 1);
  for (uint8_t& v : mask.pixels) v = random.chance(density) ? 255 : 0;
  return mask;
}

// Fills polygons by the even-odd rule at pixel centres: an own way back from outlines to masks.
Image fill(const std::vector<std::vector<int>>& polygons, int width, int height) {
  Image mask(width, height, 1);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      bool in = false;
      for (const auto& p : polygons)
        for (size_t k = 0; k + 1 < p.size(); k += 2) {
          const size_t n = (k + 2) % p.size();
          if (p[k] != p[n]) continue;  // horizontal edges are not crossed going right
          const int low = std::min(p[k + 1], p[n + 1]), high = std::max(p[k + 1], p[n + 1]);
          if (p[k] > x && y >= low && y < high) in = !in;
        }
      mask.at(x, y) = in ? 255 : 0;
    }
  return mask;
}

std::vector<std::string> lines_of(const fs::path& path) {
  std::istringstream text(read_file(path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> cells_of(const std::string& line) {
  std::istringstream text(line);
  std::vector<std::string> cells;
  for (std::string cell; std::getline(text, cell, ',');) cells.push_back(cell);
  return cells;
}

TEST(Rle, MatchesTheExampleOfTheCocoApi) {
  // maskApi.h: "a binary mask M = [0 0 1 1 1 0 1] has counts [2 3 1 1]; M = [1 1 1 1 1 1 0] has [0 6 1]".
  Image a(1, 7, 1), b(1, 7, 1, 255);
  for (int y : {2, 3, 4, 6}) a.at(0, y) = 255;
  b.at(0, 6) = 0;
  EXPECT_EQ(rle_counts(a), (std::vector<uint32_t>{2, 3, 1, 1}));
  EXPECT_EQ(rle_counts(b), (std::vector<uint32_t>{0, 6, 1}));
}

TEST(Rle, RunsDownColumnsAndComesBack) {
  Random random(4);
  for (double density : {0.0, 0.1, 0.5, 0.9, 1.0}) {
    const Image mask = random_mask(random, 13, 7, density);
    EXPECT_EQ(mask_from_counts(rle_counts(mask), 13, 7), mask);
  }
  EXPECT_THROW(mask_from_counts({5, 4}, 2, 4), Error);
  EXPECT_THROW(mask_from_counts({4294967295u, 4294967295u}, 2, 4), Error);
}

TEST(Contours, FollowPixelEdgesExactly) {
  Random random(9);
  for (double density : {0.0, 0.05, 0.3, 0.5, 0.7, 1.0})
    for (int round = 0; round < 6; ++round) {
      const Image mask = random_mask(random, 17, 11, density);
      std::vector<std::vector<int>> polygons;
      double area = 0;
      for (const Contour& c : mask_contours(mask)) {
        polygons.push_back(c.corners);
        area += c.hole ? -c.area() : c.area();
        EXPECT_GE(c.corners.size(), 8u);
      }
      EXPECT_EQ(fill(polygons, 17, 11), mask);
      EXPECT_EQ(area, static_cast<double>(count_set(mask)));
    }
}

TEST(Contours, ASquareHasFourCornersAndARingAHole) {
  Image mask(9, 9, 1);
  for (int y = 2; y < 7; ++y)
    for (int x = 1; x < 8; ++x) mask.at(x, y) = 255;
  std::vector<Contour> contours = mask_contours(mask);
  ASSERT_EQ(contours.size(), 1u);
  EXPECT_EQ(contours[0].corners, (std::vector<int>{8, 2, 8, 7, 1, 7, 1, 2}));
  mask.at(4, 4) = 0;
  contours = mask_contours(mask);
  ASSERT_EQ(contours.size(), 2u);
  EXPECT_EQ(contours[0].hole + contours[1].hole, 1);
}

TEST(Contours, PixelsThatTouchAtACornerAreApart) {
  for (bool falling : {true, false}) {
    Image mask(2, 2, 1);
    mask.at(falling ? 0 : 1, 0) = mask.at(falling ? 1 : 0, 1) = 255;
    const std::vector<Contour> contours = mask_contours(mask);
    ASSERT_EQ(contours.size(), 2u);
    for (const Contour& c : contours) EXPECT_EQ(c.corners.size(), 8u);
  }
}

TEST_F(Write, ImageFolderHoldsEveryPictureUnderItsClass) {
  const DatasetPtr data = make_orchard(tiny("species"), OrchardSplit::train);
  const WriteReport report = write_image_folder(*data, folder_ / "train");
  EXPECT_EQ(report.written, 10);
  EXPECT_TRUE(report.failures.empty());
  for (int64_t i = 0; i < 10; ++i) {
    const std::string name = data->class_names()[static_cast<size_t>(data->label(i))];
    EXPECT_EQ(read_image(folder_ / "train" / name / fmt::format("{:06}.png", i)),
              data->read(i).image);
  }
}

TEST_F(Write, JpegStaysCloseToThePicture) {
  const DatasetPtr data = make_orchard(tiny("species"), OrchardSplit::val);
  write_image_folder(*data, folder_, {.format = "jpeg", .quality = 98});
  const Image truth = data->read(0).image;
  const Image back =
      read_image(folder_ / data->class_names()[static_cast<size_t>(data->label(0))] / "000000.jpg");
  double sum = 0;
  for (size_t k = 0; k < truth.pixels.size(); ++k)
    sum += std::abs(truth.pixels[k] - back.pixels[k]);
  EXPECT_LT(sum / static_cast<double>(truth.pixels.size()), 3);
}

// Every instance of the file again as the instance it was.
void expect_same_instances(const nlohmann::json& coco, const Dataset& data) {
  std::map<int64_t, std::vector<nlohmann::json>> by_picture;
  for (const auto& a : coco.at("annotations"))
    by_picture[a.at("image_id").get<int64_t>() - 1].push_back(a);
  for (int64_t i = 0; i < data.size(); ++i) {
    const Sample sample = data.read(i);
    const auto& found = by_picture[i];
    ASSERT_EQ(found.size(), sample.truth.instances.size());
    for (size_t k = 0; k < found.size(); ++k) {
      const Instance& object = sample.truth.instances[k];
      const std::vector<float> box = found[k].at("bbox").get<std::vector<float>>();
      EXPECT_EQ((Box{box[0], box[1], box[0] + box[2], box[1] + box[3]}), object.box);
      EXPECT_EQ(found[k].at("area").get<int64_t>(), count_set(object.mask));
      EXPECT_EQ(found[k].at("category_id").get<int64_t>(), object.label + 1);
      const auto& segmentation = found[k].at("segmentation");
      const Image mask =
          segmentation.is_object()
              ? mask_from_counts(segmentation.at("counts").get<std::vector<uint32_t>>(), 48, 48)
              : fill(segmentation.get<std::vector<std::vector<int>>>(), 48, 48);
      EXPECT_EQ(mask, object.mask);
    }
  }
}

TEST_F(Write, CocoFilesSayTheSameAgain) {
  for (const char* segmentation : {"rle", "polygons"}) {
    const DatasetPtr data = make_orchard(tiny("twins"), OrchardSplit::train);
    const fs::path where = folder_ / segmentation;
    write_coco(*data, where,
               {.segmentation = segmentation, .instance_names = orchard_instance_names()});
    const nlohmann::json coco = nlohmann::json::parse(read_file(where / "annotations.json"));
    ASSERT_EQ(coco.at("images").size(), 10u);
    EXPECT_EQ(coco.at("categories").at(1).at("name"), "fruit");
    EXPECT_EQ(coco.at("categories").at(2).at("id"), 3);
    EXPECT_EQ(
        read_image(where / "images" / coco.at("images").at(4).at("file_name").get<std::string>()),
        data->read(4).image);
    expect_same_instances(coco, *data);
  }
}

TEST_F(Write, MasksComeBackFromPng) {
  const DatasetPtr data = make_orchard(tiny("species"), OrchardSplit::test);
  write_masks(
      *data, folder_,
      {.instance_names = orchard_instance_names(), .semantic_names = orchard_semantic_names()});
  size_t rows = 0;
  for (int64_t i = 0; i < data->size(); ++i) {
    const Sample sample = data->read(i);
    const std::string png = fmt::format("{:06}.png", i);
    EXPECT_EQ(read_png_labels(folder_ / "semantic" / png), sample.truth.semantic);
    const Image16 numbers = read_png16(folder_ / "instances" / png);
    for (size_t k = 0; k < sample.truth.instances.size(); ++k)
      for (size_t at = 0; at < numbers.pixels.size(); ++at)
        ASSERT_EQ(numbers.pixels[at] == k + 1, sample.truth.instances[k].mask.pixels[at] != 0);
    rows += sample.truth.instances.size();
  }
  EXPECT_EQ(lines_of(folder_ / "instances.csv").size(), rows + 1);
  EXPECT_EQ(lines_of(folder_ / "semantic.csv").at(4), "3,fruit");
}

TEST_F(Write, CutoutsCarryPictureAndAlpha) {
  const DatasetPtr data = make_orchard(tiny("species"), OrchardSplit::test);
  write_cutouts(*data, folder_);
  const Sample sample = data->read(2);
  const Image cutout = read_png(folder_ / "cutouts" / "000002.png");
  ASSERT_EQ(cutout.channels, 4);
  for (int y = 0; y < 48; ++y)
    for (int x = 0; x < 48; ++x) {
      ASSERT_EQ(cutout.at(x, y, 3), sample.truth.alpha.at(x, y));
      ASSERT_EQ(cutout.at(x, y, 1), sample.image.at(x, y, 1));
    }
  EXPECT_EQ(read_png(folder_ / "alpha" / "000002.png"), sample.truth.alpha);
}

TEST_F(Write, PointsAndCountsAreListed) {
  const DatasetPtr data = make_orchard(tiny("species"), OrchardSplit::train);
  write_points(*data, folder_);
  std::vector<std::string> points = lines_of(folder_ / "points.csv"),
                           counts = lines_of(folder_ / "counts.csv");
  ASSERT_EQ(counts.size(), 11u);
  size_t row = 1;
  for (int64_t i = 0; i < 10; ++i) {
    const Sample sample = data->read(i);
    EXPECT_EQ(counts[static_cast<size_t>(i) + 1],
              fmt::format("{:06}.png,{}", i, sample.truth.points.size()));
    for (const Point& p : sample.truth.points) {
      const std::vector<std::string> cells = cells_of(points.at(row++));
      EXPECT_EQ(std::stof(cells.at(1)), p.x);
      EXPECT_EQ(std::stof(cells.at(2)), p.y);
    }
  }
  EXPECT_EQ(row, points.size());
}

TEST_F(Write, VideoListsEveryTrack) {
  const DatasetPtr video = make_orchard_video(tiny("species"), 8, 1);
  write_video(*video, folder_, {.instance_names = orchard_instance_names()});
  const std::vector<std::string> rows = lines_of(folder_ / "tracks.csv");
  size_t row = 1;
  for (int64_t f = 0; f < 8; ++f) {
    const Sample frame = video->read(f);
    EXPECT_EQ(read_image(folder_ / "frames" / fmt::format("{:06}.png", f)), frame.image);
    for (const Instance& object : frame.truth.instances) {
      const std::vector<std::string> cells = cells_of(rows.at(row++));
      EXPECT_EQ(std::stoll(cells.at(0)), f);
      EXPECT_EQ(std::stoll(cells.at(1)), object.track);
      EXPECT_EQ(std::stof(cells.at(6)), object.box.x1);
    }
  }
  EXPECT_EQ(row, rows.size());
}

// Samples whose class names and contents are anything.
class Odd : public Dataset {
 public:
  int64_t size() const override { return 4; }
  Sample read(int64_t i, int) const override {
    if (i == 1) fail(Kind::format, "{}: truncated", id(i));
    Sample sample{.image = Image(5, 4, 1, 77), .truth = {}, .id = id(i)};
    if (i != 2) sample.truth.labels = {{.id = i == 3 ? 1 : 0}};
    return sample;
  }
  std::string id(int64_t i) const override { return fmt::format("odd/{}", i); }
  int64_t label(int64_t) const override { return 0; }
  const std::vector<std::string>& class_names() const override { return names_; }

 private:
  std::vector<std::string> names_{"../../escape", ".."};
};

TEST_F(Write, OddNamesStayInsideAndBadSamplesAreReported) {
  const WriteReport report = write_image_folder(Odd(), folder_);
  EXPECT_EQ(report.written, 2);
  ASSERT_EQ(report.failures.size(), 2u);
  EXPECT_EQ(report.failures[0].id, "odd/1");
  EXPECT_NE(report.failures[1].reason.find("no class"), std::string::npos);
  EXPECT_TRUE(fs::exists(folder_ / "_.._.._escape" / "000000.png"));
  EXPECT_TRUE(fs::exists(folder_ / "_.." / "000003.png"));
  EXPECT_EQ(write_cutouts(Odd(), folder_ / "c").failures.size(), 4u);
  EXPECT_EQ(write_masks(Odd(), folder_ / "m").failures.size(), 4u);
}

TEST_F(Write, RefusesAFolderThatIsInUseAndBadKeys) {
  write_file_atomic(folder_ / "mine.txt", "precious");
  for (const WriteLayout& layout : write_layouts()) {
    try {
      layout.write(Odd(), folder_, {});
      FAIL() << layout.name;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Kind::usage);
      EXPECT_NE(std::string(error.what()).find(folder_.string()), std::string::npos);
    }
  }
  EXPECT_EQ(read_file(folder_ / "mine.txt"), "precious");
  EXPECT_THROW(write_points(Odd(), folder_ / "new", {.format = "gif"}), Error);
  EXPECT_THROW(write_points(Odd(), folder_ / "new", {.quality = 0}), Error);
  EXPECT_FALSE(fs::exists(folder_ / "new"));
}

TEST(ContactSheet, ShowsEverySampleInEveryView) {
  const DatasetPtr data = make_orchard(tiny("twins"), OrchardSplit::train);
  const Image sheet =
      contact_sheet(*data, {.columns = 4,
                            .rows = 5,
                            .cell = 96,
                            .views = {"picture", "boxes", "instances", "semantic", "alpha"}});
  EXPECT_EQ(sheet.width, 4 * (5 * (96 + 3) + 8) + 8);
  EXPECT_EQ(sheet.height, 3 * (96 + 8) + 8);  // 10 samples need three rows
  const Image picture = data->read(5).image;  // second row, second column; 48 px enlarged twice
  const int left = 8 + (5 * 99 + 8), top = 8 + 104;
  for (int y = 0; y < 96; ++y)
    for (int x = 0; x < 96; ++x)
      ASSERT_EQ(sheet.at(left + x, top + y, 1), picture.at(x / 2, y / 2, 1));
  EXPECT_THROW(contact_sheet(*data, {.views = {"x-ray"}}), Error);
  EXPECT_THROW(draw_view(data->read(0), "mask", 1), Error);
}

TEST(ContactSheet, LeavesBrokenSamplesEmptyAndShrinksLargeOnes) {
  EXPECT_NO_THROW(
      contact_sheet(Odd(), {.columns = 2, .cell = 32, .views = {"instances", "alpha"}}));
  OrchardConfig config = tiny("species");
  config.size = 200;
  EXPECT_NO_THROW(contact_sheet(*make_orchard(config, OrchardSplit::test),
                                {.cell = 64, .views = {"instances"}}));
}

}  // namespace
}  // namespace espalier
