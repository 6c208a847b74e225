#include "espalier/tabular/kd_tree.h"

#include <algorithm>
#include <numeric>
#include <thread>

#include "espalier/core/parallel.h"
#include "espalier/tabular/nearest_list.h"

namespace espalier {
namespace {

constexpr int64_t kLeaf = 24, kQueriesAtOnce = 64;

template <class T, Metric kMetric>
class KdTree : public PointIndex<T> {
 public:
  explicit KdTree(MatrixView<T> points)
      : columns_(points.columns), order_(static_cast<size_t>(points.rows)) {
    std::iota(order_.begin(), order_.end(), int64_t{0});
    build(points, 0, points.rows);
    points_.reserve(static_cast<size_t>(points.rows * columns_));
    for (const int64_t p : order_)
      points_.insert(points_.end(), points.row(p), points.row(p) + columns_);
  }

  Neighbors find(MatrixView<T> queries, int64_t k, int64_t threads) const override {
    Neighbors found{Matrix<int64_t>(queries.rows, k), Matrix<double>(queries.rows, k)};
    const int64_t blocks = (queries.rows + kQueriesAtOnce - 1) / kQueriesAtOnce;
    if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
    parallel_for(blocks, std::min(threads, blocks), [&](int64_t b) {
      NearestList nearest(k);
      std::vector<double> away(static_cast<size_t>(columns_));
      const int64_t end = std::min(queries.rows, (b + 1) * kQueriesAtOnce);
      for (int64_t q = b * kQueriesAtOnce; q < end; ++q) {
        nearest.clear();
        std::fill(away.begin(), away.end(), 0);
        visit(0, queries.row(q), 0, away, nearest);
        for (int64_t i = 0; i < k; ++i) {
          const auto [distance, index] = nearest.items()[static_cast<size_t>(i)];
          found.index(q, i) = index;
          found.distance(q, i) = kMetric == Metric::l2 ? std::sqrt(distance) : distance;
        }
      }
    });
    return found;
  }

 private:
  struct Node {
    int64_t begin, end;  // places of its points
    int64_t left = 0, right = 0, column = -1;
    double low = 0, high = 0;  // the left half reaches up to `low`, the right one from `high`
  };

  static double term(double difference) {
    return kMetric == Metric::l2 ? difference * difference : std::abs(difference);
  }

  int64_t build(MatrixView<T> points, int64_t begin, int64_t end) {
    const auto place = static_cast<int64_t>(nodes_.size());
    nodes_.push_back({begin, end});
    if (end - begin <= kLeaf) return place;
    int64_t widest = 0;
    double width = 0;
    for (int64_t c = 0; c < columns_; ++c) {
      double low = points(order_[static_cast<size_t>(begin)], c), high = low;
      for (int64_t i = begin; i < end; ++i) {
        const double v = points(order_[static_cast<size_t>(i)], c);
        low = std::min(low, v);
        high = std::max(high, v);
      }
      if (high - low > width) {
        width = high - low;
        widest = c;
      }
    }
    if (width == 0) return place;  // all the same: one leaf, however many
    const int64_t middle = (begin + end) / 2;
    auto less = [&](int64_t a, int64_t b) { return points(a, widest) < points(b, widest); };
    std::nth_element(order_.begin() + begin, order_.begin() + middle, order_.begin() + end, less);
    const int64_t last = *std::max_element(order_.begin() + begin, order_.begin() + middle, less);
    const double low = points(last, widest),
                 high = points(order_[static_cast<size_t>(middle)], widest);
    const int64_t left = build(points, begin, middle), right = build(points, middle, end);
    Node& node = nodes_[static_cast<size_t>(place)];
    node.column = widest;
    node.low = low;
    node.high = high;
    node.left = left;
    node.right = right;
    return place;
  }

  // `box`: distance to the node's box, the sum of the terms `away` of the columns.
  void visit(int64_t at,
             const T* query,
             double box,
             std::vector<double>& away,
             NearestList& nearest) const {
    const Node& node = nodes_[static_cast<size_t>(at)];
    if (node.column < 0) {
      for (int64_t i = node.begin; i < node.end; ++i) {
        const T* point = points_.data() + i * columns_;
        double distance = 0;
        for (int64_t c = 0; c < columns_; ++c)
          distance += term(static_cast<double>(point[c]) - static_cast<double>(query[c]));
        if (distance <= nearest.bound()) nearest.offer(distance, order_[static_cast<size_t>(i)]);
      }
      return;
    }
    const double value = query[node.column];
    const bool left_first = value - node.low <= node.high - value;
    visit(left_first ? node.left : node.right, query, box, away, nearest);
    const double gap = left_first ? node.high - value : value - node.low;
    double& column = away[static_cast<size_t>(node.column)];
    const double before = column, now = gap > 0 ? std::max(before, term(gap)) : before;
    const double far = box - before + now;
    // The slack is for the rounding of sums: a box is never left out wrongly.
    if (far > nearest.bound() * (1 + 1e-12)) return;
    column = now;
    visit(left_first ? node.right : node.left, query, far, away, nearest);
    column = before;
  }

  int64_t columns_;
  std::vector<int64_t> order_;  // points by place
  std::vector<T> points_;       // in the order of places
  std::vector<Node> nodes_;
};

}  // namespace

template <class T>
std::shared_ptr<const PointIndex<T>> make_kd_tree(MatrixView<T> points, Metric metric) {
  if (metric == Metric::l2) return std::make_shared<KdTree<T, Metric::l2>>(points);
  return std::make_shared<KdTree<T, Metric::l1>>(points);
}

template std::shared_ptr<const PointIndex<float>> make_kd_tree(MatrixView<float>, Metric);
template std::shared_ptr<const PointIndex<double>> make_kd_tree(MatrixView<double>, Metric);

}  // namespace espalier
