#include "espalier/data/with_masks.h"

#include "espalier/data/image_folder.h"
#include "espalier/format/png.h"

#include "tests/data/scratch_folder.h"

namespace espalier {
namespace {

// Two classes of 40 x 20 pictures; the left half of each mask is the object.
class WithMasks : public ::testing::Test {
 protected:
  WithMasks() {
    for (const char* name : {"img/bee/1.png", "img/bee/2.png", "img/fly/3.png"})
      put(name, Image(40, 20, 3, 90));
    base_ = make_image_folder(folder_.root() / "img");
  }

  void put(const std::string& name, const Image& image) {
    make_folder((folder_.root() / name).parent_path());
    write_png(folder_.root() / name, image);
  }

  static Image left_half(int width, int height, uint8_t value = 255) {
    Image mask(width, height, 1);
    for (int y = 0; y < height; ++y) std::fill_n(mask.row(y), width / 2, value);
    return mask;
  }

  DatasetPtr masked() { return with_masks(base_, folder_.root() / "mask"); }

  ScratchFolder folder_{"with_masks"};
  DatasetPtr base_;
};

TEST_F(WithMasks, BecomeAlphaOfThePicturesSize) {
  put("mask/1.png", left_half(40, 20));
  put("mask/2.png", left_half(80, 40));
  put("mask/3.png", left_half(40, 20, 1));
  DatasetPtr set = masked();
  ASSERT_EQ(set->size(), 3);
  EXPECT_EQ(set->id(1), "bee/2.png");
  EXPECT_EQ(set->label(2), 1);
  EXPECT_EQ(set->class_names(), base_->class_names());
  EXPECT_EQ(set->read(0).truth.alpha, left_half(40, 20));
  EXPECT_EQ(set->read(2).truth.alpha, left_half(40, 20)) << "0 and 1 alone mean no and yes";
  const Image scaled = set->read(1).truth.alpha;
  EXPECT_EQ(scaled.width, 40);
  EXPECT_EQ(scaled.at(18, 10), 255);
  EXPECT_EQ(scaled.at(21, 10), 0);
  EXPECT_EQ(set->read(0).image, base_->read(0).image);
}

TEST_F(WithMasks, TheLongestEndOfThePathDecides) {
  put("mask/1.png", Image(40, 20, 1, 255));
  put("mask/bee/1.png", left_half(40, 20));
  EXPECT_EQ(masked()->read(0).truth.alpha, left_half(40, 20));
}

TEST_F(WithMasks, WhatIsMissingOrMisshapenIsNamed) {
  put("mask/1.png", left_half(20, 20));
  folder_.write("mask/2.png", "not a picture");
  DatasetPtr set = masked();
  expect_error([&] { set->read(0); }, Kind::data, "bee/1.png", "20 x 20", "40 x 20");
  expect_error([&] { set->read(1); }, Kind::format, "bee/2.png", "mask/2.png");
  expect_error([&] { set->read(2); }, Kind::data, "fly/3.png has no mask in");
}

TEST_F(WithMasks, AFolderThatCannotServeIsRefusedAtOnce) {
  expect_error([&] { masked(); }, Kind::io, "mask");
  put("mask/other.png", left_half(40, 20));
  expect_error([&] { masked(); }, Kind::data, "no mask for any picture", "1.png");
  put("img/fly/1.png", Image(40, 20, 3));
  put("mask/1.png", left_half(40, 20));
  base_ = make_image_folder(folder_.root() / "img");
  expect_error([&] { masked(); }, Kind::data, "bee/1.png", "fly/1.png");
}

TEST_F(WithMasks, APictureDecodedSmallerTakesItsMask) {
  put("mask/1.png", left_half(37, 19));  // a pixel off, as rounding leaves it
  const Image alpha = masked()->read(0).truth.alpha;
  EXPECT_EQ(alpha.width, 40);
  EXPECT_EQ(alpha.height, 20);
}

}  // namespace
}  // namespace espalier
