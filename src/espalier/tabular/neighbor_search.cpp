#include "espalier/tabular/neighbor_search.h"

#include "espalier/core/error.h"
#include "espalier/tabular/brute_search.h"
#include "espalier/tabular/finite_rows.h"
#include "espalier/tabular/kd_tree.h"

namespace espalier {

namespace {

constexpr int64_t kMostTreeColumns = 15;

Metric metric_of(const std::string& name) {
  if (name == "l2") return Metric::l2;
  if (name == "l1") return Metric::l1;
  if (name == "cosine") return Metric::cosine;
  fail(Kind::usage, "metric = {}: one of l2, l1, cosine", name);
}

}  // namespace

template <class T>
NeighborSearch<T>::NeighborSearch(MatrixView<T> points, const SearchConfig& config)
    : rows_(points.rows), columns_(points.columns) {
  if (rows_ < 1 || columns_ < 1)
    fail(Kind::data, "{} points of {} columns have no neighbours", rows_, columns_);
  check_finite_rows(points);
  const Metric metric = metric_of(config.metric);
  const std::string& way = config.algorithm;
  if (way != "auto" && way != "brute" && way != "kd_tree")
    fail(Kind::usage, "algorithm = {}: one of auto, brute, kd_tree", way);
  if (way == "kd_tree" && metric == Metric::cosine)
    fail(Kind::usage, "algorithm = kd_tree knows the metrics l2 and l1, not cosine");
  if (way == "kd_tree" ||
      (way == "auto" && metric != Metric::cosine && columns_ <= kMostTreeColumns))
    index_ = make_kd_tree(points, metric);
  else
    index_ = make_brute_search(points, metric);
}

template <class T>
Neighbors NeighborSearch<T>::find(MatrixView<T> queries, int64_t k, int64_t threads) const {
  if (k < 1 || k > rows_) fail(Kind::usage, "{} neighbours of {} points", k, rows_);
  if (queries.columns != columns_)
    fail(Kind::data, "the points have {} columns, not {}", columns_, queries.columns);
  check_finite_rows(queries);
  return index_->find(queries, k, threads);
}

template class NeighborSearch<float>;
template class NeighborSearch<double>;

}  // namespace espalier
