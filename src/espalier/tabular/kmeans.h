// k-means: k centres such that the squared distances of all rows to their nearest one are small (Lloyd 1982), begun
// far apart by k-means++ (Arthur and Vassilvitskii 2007).
//
//   KMeans<float> found = fit_kmeans<float>({.clusters = 10, .seed = 1}, x.view());
//   found.labels[0];   found.predict(more.view());
//
// The seed decides the answer, not the number of threads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "espalier/core/fields.h"
#include "espalier/core/files.h"
#include "espalier/tabular/matrix.h"

namespace espalier {

struct KMeansConfig {
  int64_t clusters = 8;
  int64_t starts = 1;  // the best of so many is kept
  int64_t max_iterations = 300;
  double tolerance =
      1e-4;  // of the centres' squared movement, times the mean variance of the columns
  int64_t seed = 0;
  int64_t threads = 0;  // 0: those of the machine
};
Fields fields(KMeansConfig& config);

template <class T>
struct KMeans {
  Matrix<T> centres = {};            // clusters x columns
  std::vector<int32_t> labels = {};  // of the rows it was fitted to
  double inertia = 0;                // sum of squared distances to the nearest centre
  int64_t iterations = 0;            // of the start that was kept

  // Number of the nearest centre, the lowest of equals.
  std::vector<int32_t> predict(MatrixView<T> x, int64_t threads = 0) const;
};

// A cluster that lost all its rows takes the row that is farthest from its centre. Throws Error(data) for a NaN or an
// infinity (row and column are named), Error(usage) for more clusters than rows.
template <class T>
KMeans<T> fit_kmeans(const KMeansConfig& config, MatrixView<T> x);

// Lloyd's steps from given centres (config.starts and the seed mean nothing then).
template <class T>
KMeans<T> fit_kmeans_from(const KMeansConfig& config, MatrixView<T> x, Matrix<T> centres);

template <class T>
void save_kmeans(const fs::path& path, const KMeans<T>& model);
// Labels of the rows are not in the file. Throws Error(io | format).
template <class T>
KMeans<T> load_kmeans(const fs::path& path);

}  // namespace espalier
