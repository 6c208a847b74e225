#include "espalier/data/augment_sheet.h"

#include <set>

#include <gtest/gtest.h>

#include "espalier/core/error.h"
#include "espalier/data/contact_sheet.h"

namespace espalier {
namespace {

// Flat pictures: number i has the level 40 i, number 2 cannot be read.
class Levels : public Dataset {
 public:
  int64_t size() const override { return 6; }
  Sample read(int64_t i, int) const override {
    if (i == 2) fail(Kind::format, "number 2 is unreadable");
    Sample s;
    s.image = Image(20, 20, 3, static_cast<uint8_t>(40 * i));
    s.truth.labels = {{.id = i}};
    return s;
  }
  std::string id(int64_t i) const override { return std::to_string(i); }
  int64_t label(int64_t i) const override { return i; }
  const std::vector<std::string>& class_names() const override { return names_; }

 private:
  std::vector<std::string> names_;
};

const DatasetPtr kLevels = std::make_shared<Levels>();
constexpr int kCell = 20, kStep = 31;  // a cell, a gap of 3 and a margin of 8

uint8_t middle(const Image& sheet, int row, int column) {
  return sheet.at(8 + column * kStep + kCell / 2, 8 + row * (kCell + 8) + kCell / 2);
}

TEST(AugmentSheet, ShowsEachPictureAsItIsAndThenItsDraws) {
  const Image sheet =
      augment_sheet(kLevels, {.augment = "none"}, 20, {.pictures = 3, .draws = 2, .cell = kCell});
  EXPECT_EQ(sheet.width, 8 + 3 * kStep);
  EXPECT_EQ(sheet.height, 8 + 3 * (kCell + 8));
  for (int column = 0; column < 3; ++column) {
    EXPECT_EQ(middle(sheet, 0, column), 0);
    EXPECT_EQ(middle(sheet, 1, column), 250);  // the sheet's own colour: number 2 is unreadable
    EXPECT_EQ(middle(sheet, 2, column), 160);
  }
}

TEST(AugmentSheet, MixesAndDrawsAnewInEveryColumnBySeed) {
  const AugmentConfig augment{.augment = "none", .mixup = 1};
  const AugmentSheetConfig config{.pictures = 6, .draws = 5, .cell = kCell};
  const Image sheet = augment_sheet(kLevels, augment, 20, config);
  EXPECT_EQ(middle(sheet, 5, 0), 200);
  std::set<int> levels;
  for (int column = 1; column < 6; ++column) {
    const int level = middle(sheet, 5, column);
    EXPECT_TRUE(level >= 160 && level <= 200) << level;  // with number 4
    levels.insert(level);
  }
  EXPECT_GE(levels.size(), 3u);
  EXPECT_EQ(augment_sheet(kLevels, augment, 20, config), sheet);
  AugmentSheetConfig other = config;
  other.seed = 2;
  EXPECT_NE(augment_sheet(kLevels, augment, 20, other), sheet);
}

TEST(AugmentSheet, RefusesImpossibleSettings) {
  EXPECT_THROW(augment_sheet(kLevels, {}, 20, {.draws = 0}), Error);
  EXPECT_THROW(augment_sheet(kLevels, {}, 20, {.views = {"smell"}}), Error);
  EXPECT_THROW(augment_sheet(nullptr, {}, 20), Error);
}

}  // namespace
}  // namespace espalier
