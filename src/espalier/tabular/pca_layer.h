// PCA as one linear layer that learns by gradient: what it finds, and what it does not.
//
//   LayerPca found = learn_pca_layer({.method = "autoencoder", .components = 10}, x.view());
//   std::cout << found.text();   // angles to the exact answer, and what they mean
//
// * autoencoder: x -> E x -> D E x, least squares. All its minima span the space of the first k components (Baldi and
//   Hornik 1989), but E and D are that basis times any invertible matrix. Turning the codes to their own principal axes
//   gives the components.
// * oja: W += eta (y x' - y y' W), y = W x (Oja 1982, 1989): an orthonormal basis of the same space, again turned.
// * sanger: the same with the lower triangle of y y' (Sanger 1989): unit i leaves to i+1 what it explains, so the rows
//   are the components themselves, in order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "espalier/core/fields.h"
#include "espalier/tabular/matrix.h"

namespace espalier {

struct LayerPcaConfig {
  std::string method = "autoencoder";  // "oja", "sanger"
  int64_t components = 10;
  int64_t steps =
      0;  // autoencoder: of Adam on all rows, 0: 2000; oja, sanger: passes over the rows, 0: 400
  double rate =
      0;  // 0: 0.01 falling to 0 by a cosine; oja, sanger: 0.1 / largest |x|^2, falling with 1 / pass
  int64_t seed = 0;
};
Fields fields(LayerPcaConfig& config);

struct LayerPca {
  std::string method = {};
  Matrix<double> weights = {};  // k x columns: of the encoder
  Matrix<double>
      turned;  // the same space turned to the principal axes of its codes: estimates of the components
  std::vector<double> angles = {};   // degrees between the spaces, largest first
  std::vector<double> cosines = {};  // |cos| of row i of the weights and component i
  std::vector<double> turned_cosines = {};
  double excess =
      0;  // of the reconstruction error over that of exact PCA, as a share of the latter

  std::string text() const;  // the numbers, and in words what was learnt and what was not
};

// Throws as fit_pca(); Error(usage) for steps so long that the weights left all bounds.
LayerPca learn_pca_layer(const LayerPcaConfig& config, MatrixView<double> x);

// Degrees between the spaces of the rows of a and b (Bjorck and Golub 1973), largest first; exact also where they are
// tiny. Both have linearly independent rows of equal length.
std::vector<double> principal_angles(const Matrix<double>& a, const Matrix<double>& b);

}  // namespace espalier
