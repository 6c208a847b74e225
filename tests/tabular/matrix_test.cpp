#include "espalier/tabular/matrix.h"

#include <numeric>

#include <gtest/gtest.h>

namespace espalier {
namespace {

TEST(Matrix, AViewReadsRowsAcrossItsStride) {
  Matrix<double> m(3, 4);
  std::iota(m.values.begin(), m.values.end(), 0);
  MatrixView<double> middle{m.row(1) + 1, 2, 2, 4};  // columns 1 and 2 of rows 1 and 2
  EXPECT_EQ(middle(0, 0), 5);
  EXPECT_EQ(middle(1, 1), 10);
  EXPECT_EQ(middle.slice(1, 2)(0, 0), 9);
  EXPECT_EQ(m.view().span(2).back(), 11);
}

}  // namespace
}  // namespace espalier
