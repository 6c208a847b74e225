// Principal component analysis: the orthogonal directions along which a table varies most.
//
//   Pca<float> pca = fit_pca<float>({.components = 50}, x.view());
//   Matrix<float> codes = pca.transform(x.view());        // rows x 50
//   Matrix<float> back = pca.inverse_transform(codes.view());
//
// Of each direction the entry of largest size is positive (scikit-learn's rule since 1.5). The number of threads does
// not matter beyond rounding.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "espalier/core/fields.h"
#include "espalier/core/files.h"
#include "espalier/tabular/matrix.h"

namespace espalier {

struct PcaConfig {
  int64_t components = 0;  // 0: as many as there are, min(rows, columns)
  double share = 0;        // in (0, 1): as many as explain this share of the variance, instead
  bool minka = false;      // as many as Minka's evidence says (NIPS 2000), instead; rows >= columns
  std::string solver =
      "auto";  // "full": SVD; "covariance": of X'X, for many rows; "randomized" (Halko et al. 2011)
  bool whiten = false;  // codes of variance 1
  int64_t power_iterations =
      -1;  // of the randomised solver; -1: 7 for less than a tenth of all components, else 4
  int64_t seed = 0;  // of the randomised solver
};
Fields fields(PcaConfig& config);

// T: float, double.
template <class T>
struct Pca {
  int64_t rows = 0;  // it was fitted to
  bool whiten = false;
  std::string solver = {};            // that was taken
  std::vector<T> mean = {};           // of the columns
  Matrix<T> components = {};          // k x columns, orthonormal rows, by falling variance
  std::vector<double> variance = {};  // along each, divided by rows - 1
  std::vector<double> ratio = {};     // of the variance of all columns
  double noise_variance = 0;          // mean over the directions that were left out

  Matrix<T> transform(MatrixView<T> x) const;
  Matrix<T> inverse_transform(MatrixView<T> codes) const;
};

// Throws Error(data) for fewer than 2 rows, a NaN or an infinity (row and column are named), Error(usage) for more
// components than min(rows, columns), and where `share` or `minka` meet the randomised solver.
template <class T>
Pca<T> fit_pca(const PcaConfig& config, MatrixView<T> x);

// In one pass over parts of a table (Ross et al. 2008): memory for one part.
//
//   IncrementalPca<float> pca(50);
//   for (...) pca.add(part.view());
//   Pca<float> result = pca.result();
template <class T>
class IncrementalPca {
 public:
  explicit IncrementalPca(int64_t components) : components_(components) {}
  // The first part has at least as many rows as components. Throws as fit_pca(), Error(data) for other columns.
  void add(MatrixView<T> part);
  Pca<T> result() const;

 private:
  void add_alone(MatrixView<T> part);

  int64_t components_, rows_ = 0;
  std::vector<double> mean_, squares_;  // of each column; sums of squared differences from it
  std::vector<double> scaled_;          // singular values times directions, components x columns
  std::vector<double> singular_;        // all of the last step
};

template <class T>
void save_pca(const fs::path& path, const Pca<T>& pca);
// Throws Error(io | format).
template <class T>
Pca<T> load_pca(const fs::path& path);

}  // namespace espalier
