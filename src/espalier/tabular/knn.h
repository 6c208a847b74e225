// k nearest neighbours: the answer is what the most similar known rows say.
//
//   Knn<float> model = fit_knn<float>({.neighbors = 5}, x.view(), labels, /*classes=*/10);
//   std::vector<int32_t> guess = model.predict(test.view());
//
// Columns should be on one scale: a column in millimetres outvotes the same one in metres.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "espalier/core/fields.h"
#include "espalier/core/files.h"
#include "espalier/tabular/matrix.h"
#include "espalier/tabular/neighbor_search.h"

namespace espalier {

struct KnnConfig {
  int64_t neighbors = 5;
  std::string weights =
      "uniform";  // or "distance": 1 / distance; rows at distance 0, if any, decide alone
  std::string metric = "l2", algorithm = "auto";  // of tabular/neighbor_search.h
  int64_t threads = 0;                            // 0: those of the machine
};
Fields fields(KnnConfig& config);

// T: float, double. Classes or numbers, whichever it was fitted to.
template <class T>
struct Knn {
  KnnConfig config = {};
  Matrix<T> points = {};
  int64_t classes = 0;  // 0: numbers
  std::vector<int32_t> labels = {};
  std::vector<double> target = {};
  std::optional<NeighborSearch<T>> search = {};

  Neighbors neighbors(MatrixView<T> x) const;
  // The class of most weight, the lowest one of equals. Error(usage) where numbers were learnt.
  std::vector<int32_t> predict(MatrixView<T> x) const;
  Matrix<double> predict_proba(MatrixView<T> x) const;
  // The weighted mean. Error(usage) where classes were learnt.
  std::vector<double> predict_value(MatrixView<T> x) const;
};

// Throws Error(data) for sizes that differ, labels outside 0..classes-1, numbers that are not finite (the row is
// named); Error(usage) for more neighbours than rows and for words that are not known.
template <class T>
Knn<T> fit_knn(const KnnConfig& config,
               MatrixView<T> x,
               std::span<const int32_t> labels,
               int64_t classes);
template <class T>
Knn<T> fit_knn_regression(const KnnConfig& config, MatrixView<T> x, std::span<const double> target);

template <class T>
void save_knn(const fs::path& path, const Knn<T>& model);
// Throws Error(io | format); Error(usage) for a model of the other number type.
template <class T>
Knn<T> load_knn(const fs::path& path);

}  // namespace espalier
