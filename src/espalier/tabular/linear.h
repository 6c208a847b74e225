// Linear regression by least squares, one or several targets at once.
//
//   LinearFit fit = fit_linear({}, x.view(), y);               // y: rows x targets
//   fit.model.coefficients(0, j), fit.model.intercepts[0], fit.rank, fit.r2[0], fit.t(0, j)
//   Matrix<double> guess = fit.model.predict(test.view());
//
// The default is exact: columns are centred and scaled to one length, their normal equations solved by Cholesky with a
// step of refinement where the condition of the scaled columns, which is measured, is below 1000; else Householder QR,
// refined with residuals of extended precision (Bjorck, "Iterative refinement of linear least squares solutions I", BIT 7,
// 1967). Columns that depend on each other give the solution of least length, as scikit-learn's does; their rank is that
// of the scaled columns, so that units do not matter.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "espalier/core/fields.h"
#include "espalier/core/files.h"
#include "espalier/tabular/matrix.h"

namespace espalier {

struct LinearConfig {
  bool intercept = true;
  double ridge = 0;  // added: ridge |w|^2, the intercept left free; scikit-learn's Ridge(alpha)
  bool non_negative =
      false;  // Lawson and Hanson, "Solving least squares problems", 1974, chapter 23
  std::string solver = "auto";  // "exact": always QR
};
Fields fields(LinearConfig& config);

struct LinearModel {
  Matrix<double> coefficients;     // targets x columns
  std::vector<double> intercepts;  // of each target

  Matrix<double> predict(MatrixView<double> x) const;  // rows x targets
};

struct LinearFit {
  LinearModel model;
  std::string solver;                   // "cholesky" or "qr"
  int64_t rank = 0;                     // of the centred columns
  std::vector<double> singular_values;  // of the centred columns, falling
  double condition =
      0;  // of the centred and scaled columns; infinite when they depend on each other
  // Of each target. r2 is about its mean, with or without an intercept, and 0 for a constant one; the deviation of the residuals is sqrt(sum r^2 / (rows - rank -
  // intercept)), NaN without a degree of freedom.
  std::vector<double> r2, deviation;
  // Standard errors, targets x columns, and of the intercepts: empty with ridge, non_negative or dependent columns.
  Matrix<double> errors;
  std::vector<double> intercept_errors;

  double t(int64_t target, int64_t column) const;  // coefficient / error
};

// y: rows x targets. Throws Error(data) for what check_rows.h refuses, and for numbers of rows that differ.
LinearFit fit_linear(const LinearConfig& config,
                     MatrixView<double> x,
                     MatrixView<double> y,
                     std::span<const double> weights = {});

void save_linear(const fs::path& path, const LinearModel& model);
LinearModel load_linear(const fs::path& path);  // throws Error(io | format)

}  // namespace espalier
