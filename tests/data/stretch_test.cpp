#include "espalier/data/stretch.h"

#include "tests/expect_error.h"

namespace espalier {
namespace {

TEST(Stretch, IsBilinearBetweenCellCentres) {
  Raster<float> row(2, 1, 1);
  row.pixels = {3, 1};
  EXPECT_EQ(stretch(row, 4, 1).pixels, (std::vector<float>{3, 2.5, 1.5, 1}));
  EXPECT_EQ(stretch(row, 2, 2).pixels, (std::vector<float>{3, 1, 3, 1}));
  Raster<float> grid(2, 2, 1);
  grid.pixels = {0, 4, 8, 12};
  EXPECT_EQ(stretch(grid, 1, 1).pixels, std::vector<float>{6});  // the middle of all four
  EXPECT_EQ(stretch(grid, 4, 4).at(1, 2), 7);  // a quarter across, three quarters down
}

TEST(Stretch, RefusesWhatIsNoGrid) {
  expect_error([] { stretch({}, 4, 4); }, Kind::internal, "0 values");
  expect_error([] { stretch(Raster<float>(2, 2, 2), 4, 4); }, Kind::internal, "2 channels");
  expect_error([] { stretch(Raster<float>(2, 2, 1), 0, 4); }, Kind::internal, "0 x 4");
}

}  // namespace
}  // namespace espalier
