// The two loops of Gaussian naive Bayes over many rows, in vectors of eight doubles.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "espalier/tabular/matrix.h"

namespace espalier {

// Means and sums of squared differences of the rows of each class, merged into what is there already (Chan, Golub,
// LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979).
void add_gaussian_rows(MatrixView<double> x,
                       std::span<const int32_t> labels,
                       std::span<const double> weights,
                       std::vector<double>& class_weight,
                       Matrix<double>& mean,
                       Matrix<double>& spread);

// joint(i, c) = constant[c] - sum_j (x(i, j) - mean(c, j))^2 scale(c, j), for all i and c.
void gaussian_joint(MatrixView<double> x,
                    const Matrix<double>& mean,
                    const Matrix<double>& scale,
                    const std::vector<double>& constant,
                    Matrix<double>& joint);

}  // namespace espalier
