// The k nearest of a set of points, exactly.
//
//   NeighborSearch<float> search(points.view(), {.metric = "l2"});
//   Neighbors found = search.find(queries.view(), /*k=*/5);
//   found.index(0, 0), found.distance(0, 0);   // of query 0, the nearest
//
// Distances are those of the given numbers in double precision; of equally distant points the lowest
// number comes first, whatever the number of threads. (The two methods add in another order: points whose
// distances differ by rounding alone may change places between them.)
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "espalier/tabular/matrix.h"

namespace espalier {

struct SearchConfig {
  std::string metric = "l2";  // "l2", "l1", "cosine" (1 - cos; a zero vector is at 1 from all)
  std::string algorithm =
      "auto";  // "brute", "kd_tree" (not for cosine); auto: the tree up to 15 columns
};

struct Neighbors {
  Matrix<int64_t> index;    // queries x k
  Matrix<double> distance;  // rising in each row
};

// Looks into nothing outside itself once it is made.
template <class T>
class PointIndex {
 public:
  virtual ~PointIndex() = default;
  virtual Neighbors find(MatrixView<T> queries, int64_t k, int64_t threads) const = 0;
};

// T: float, double.
template <class T>
class NeighborSearch {
 public:
  // Copies the points. Throws Error(data) for none, and for a NaN or an infinity (row and column are named);
  // Error(usage) for words that are not known.
  explicit NeighborSearch(MatrixView<T> points, const SearchConfig& config = {});

  // 1 <= k <= number of points. threads 0: those of the machine. Throws Error(usage), Error(data) as above.
  Neighbors find(MatrixView<T> queries, int64_t k, int64_t threads = 0) const;

 private:
  int64_t rows_, columns_;
  std::shared_ptr<const PointIndex<T>> index_;
};

}  // namespace espalier
