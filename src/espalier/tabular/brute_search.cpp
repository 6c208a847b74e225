#include "espalier/tabular/brute_search.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <thread>

#include "espalier/core/parallel.h"
#include "espalier/tabular/dot_tiles.h"
#include "espalier/tabular/nearest_list.h"

#pragma GCC diagnostic ignored "-Wpsabi"

namespace espalier {
namespace {

constexpr int64_t kMostQueriesAtOnce = 192 * kTileQueries;
constexpr size_t kMostCandidates = 8192;  // of one query, before those that fell behind are dropped
// Rows are rounded to floats first, and bounds are added up in floats: both err by less than this share of what
// they work on.
constexpr double kFloatSlack = 0x1p-20;
constexpr float kEndless = std::numeric_limits<float>::infinity();

// A row as the tiles see it, with zeros up to a whole number of vectors.
using Row = std::vector<float>;

size_t padded(int64_t columns) {
  return static_cast<size_t>((columns + 15) / 16 * 16);
}

struct RoundedRow {
  float step = 0;             // a byte's worth
  double lost = 0, size = 0;  // lengths of what rounding took away and of what it left
  int32_t sum = 0;            // of the bytes
};

ESPALIER_INLINE inline double sum_of(const EightDoubles& lanes) {
  double sum = 0;
  for (int k = 0; k < 8; ++k) sum += lanes[k];
  return sum;
}

double square_of(const Row& row) {
  double square = 0;
  with_widest_vectors([&]() ESPALIER_INLINE {
    EightDoubles sum = {};
    for (size_t c = 0; c < row.size(); c += 8) {
      const EightDoubles v = load_doubles(row.data() + c);
      sum += v * v;
    }
    square = sum_of(sum);
  });
  return square;
}

// `bytes` is as long as the row.
RoundedRow round_to_bytes(const Row& row, int8_t* bytes) {
  RoundedRow rounded;
  with_widest_vectors([&]() ESPALIER_INLINE {
    Floats<16> high = {};
    for (size_t c = 0; c < row.size(); c += 16) {
      const Floats<16> v = load<16>(row.data() + c), size = v < 0 ? -v : v;
      high = size > high ? size : high;
    }
    float most = 0;
    for (int k = 0; k < 16; ++k) most = std::max(most, high[k]);
    rounded.step = most / 127;
    const float inverse = 127 / most;
    if (!(rounded.step > 0) ||
        !(inverse < kEndless)) {  // nothing, or too little for a float's step
      rounded.step = 0;
      std::fill_n(bytes, row.size(), 0);
    } else {
      for (size_t c = 0; c < row.size(); ++c) {
        const float v = row[c] * inverse;
        bytes[c] = static_cast<int8_t>(static_cast<int32_t>(v + (v < 0 ? -0.5f : 0.5f)));
      }
    }
    EightDoubles lost = {}, size = {};
    const EightDoubles step = EightDoubles{} + static_cast<double>(rounded.step);
    typedef int8_t EightBytes __attribute__((vector_size(8)));
    int32_t sum = 0;
    for (size_t c = 0; c < row.size(); c += 8) {
      EightBytes byte;
      std::memcpy(&byte, bytes + c, sizeof byte);
      const EightDoubles back = __builtin_convertvector(byte, EightDoubles) * step;
      const EightDoubles off = load_doubles(row.data() + c) - back;
      lost += off * off;
      size += back * back;
    }
    for (size_t c = 0; c < row.size(); ++c) sum += bytes[c];
    rounded.sum = sum;
    rounded.lost = std::sqrt(sum_of(lost));
    rounded.size = std::sqrt(sum_of(size));
  });
  return rounded;
}

template <class T, Metric kMetric>
class BruteSearch : public PointIndex<T> {
 public:
  BruteSearch(MatrixView<T> points, Rounding rounding)
      : points_(points.rows, points.columns),
        steps_((points.columns + 3) / 4),
        bytes_(rounding == Rounding::best && has_byte_tiles() && steps_ <= kMostByteSteps) {
    for (int64_t r = 0; r < points.rows; ++r)
      std::copy_n(points.row(r), points.columns, points_.row(r));
    if (kMetric == Metric::l2) find_centre();
    if (kMetric == Metric::cosine)
      for (int64_t r = 0; r < points.rows; ++r)
        norms_.push_back(std::sqrt(exact_dot(points_.row(r), points_.row(r))));
    if (kMetric != Metric::l1) make_panels();
  }

  Neighbors find(MatrixView<T> queries, int64_t k, int64_t threads) const override {
    Neighbors found{Matrix<int64_t>(queries.rows, k), Matrix<double>(queries.rows, k)};
    if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
    const int64_t share = (queries.rows + threads - 1) / threads;
    const int64_t at_once = std::clamp<int64_t>(
        (share + kTileQueries - 1) / kTileQueries * kTileQueries, kTileQueries, kMostQueriesAtOnce);
    const int64_t blocks = (queries.rows + at_once - 1) / at_once;
    parallel_for(blocks, std::min(threads, blocks), [&](int64_t b) {
      const int64_t begin = b * at_once, end = std::min(queries.rows, begin + at_once);
      const MatrixView<T> part = queries.slice(begin, end);
      if (kMetric == Metric::l1)
        find_all(part, k, begin, found);
      else
        find_filtered(part, k, begin, found);
    });
    return found;
  }

 private:
  struct Query {
    float scale = 0, left = 0, right = 0, limit = kEndless;  // of not_above()
    double square = 0;                                       // to be added to its bounds
    int32_t offset = 0;
    std::vector<float> highest;                          // the k smallest upper bounds, a heap
    std::vector<std::pair<float, uint32_t>> candidates;  // lower bound, point
  };

  static double exact_dot(const T* a, const T* b, int64_t n) {
    double value = 0;
    with_widest_vectors([&]() ESPALIER_INLINE { value = dot_product(a, b, n); });
    return value;
  }
  double exact_dot(const T* a, const T* b) const { return exact_dot(a, b, points_.columns); }

  // What the search orders by: the square for l2, twice the distance for cosine.
  double exact(const T* query, double query_norm, int64_t point) const {
    const T* other = points_.row(point);
    double value = 0;
    with_widest_vectors([&]() ESPALIER_INLINE {
      if constexpr (kMetric == Metric::l2)
        value = squared_distance(query, other, points_.columns);
      else if constexpr (kMetric == Metric::l1)
        value = absolute_distance(query, other, points_.columns);
      else
        value = dot_product(query, other, points_.columns);
    });
    if constexpr (kMetric == Metric::cosine) {
      const double both = query_norm * norms_[static_cast<size_t>(point)];
      value = 2 - 2 * (both > 0 ? value / both : 0);
    }
    return value;
  }

  double answer(double ordered) const {
    if (kMetric == Metric::l2) return std::sqrt(ordered);
    return kMetric == Metric::cosine ? std::max(0.0, ordered / 2) : ordered;
  }

  void write(const NearestList& nearest, int64_t row, Neighbors& found) const {
    for (int64_t i = 0; i < found.index.columns; ++i) {
      const auto [distance, index] = nearest.items()[static_cast<size_t>(i)];
      found.index(row, i) = index;
      found.distance(row, i) = answer(distance);
    }
  }

  // Neighbours stay the same when all are moved; what rounding takes away gets smaller. And no square of a length is
  // then above the number of columns, whatever the units.
  void find_centre() {
    const auto columns = static_cast<size_t>(points_.columns);
    std::vector<double> sum(columns);
    std::vector<T> low(points_.row(0), points_.row(0) + columns), high = low;
    with_widest_vectors([&]() ESPALIER_INLINE {
      for (int64_t r = 0; r < points_.rows; ++r) {
        const T* row = points_.row(r);
        for (size_t c = 0; c < columns; ++c) {
          sum[c] += row[c];
          low[c] = row[c] < low[c] ? row[c] : low[c];
          high[c] = row[c] > high[c] ? row[c] : high[c];
        }
      }
    });
    double largest = 0;
    for (size_t c = 0; c < columns; ++c) {
      centre_.push_back(static_cast<T>(sum[c] / static_cast<double>(points_.rows)));
      largest = std::max({largest, std::abs(static_cast<double>(high[c]) - centre_[c]),
                          std::abs(static_cast<double>(low[c]) - centre_[c])});
    }
    if (largest > 0) scale_ = std::exp2(-std::ilogb(largest) - 1);
  }

  // A row as the tiles see it: moved by the centre, or of length 1.
  void prepare(const T* row, double norm, Row& prepared) const {
    const auto columns = static_cast<size_t>(points_.columns);
    if (kMetric == Metric::cosine) {
      const double inverse = norm > 0 ? 1 / norm : 0;
      for (size_t c = 0; c < columns; ++c) prepared[c] = static_cast<float>(row[c] * inverse);
      return;
    }
    with_widest_vectors([&]() ESPALIER_INLINE {
      const T scale = static_cast<T>(scale_);
      const T* centre = centre_.data();
      float* to = prepared.data();
      for (size_t c = 0; c < columns; ++c) to[c] = static_cast<float>((row[c] - centre[c]) * scale);
    });
  }

  // What the dot products of a tile themselves may be off, as a share of |x^| |z^|.
  double tile_error() const {
    return kFloatSlack + (bytes_ ? 0 : 0x1p-23 * static_cast<double>(points_.columns));
  }

  void make_panels() {
    const int64_t columns = points_.columns;
    panels_.resize(static_cast<size_t>((points_.rows + kPanelPoints - 1) / kPanelPoints));
    panel_size_ = kPanelPoints * (bytes_ ? 4 * steps_ : columns);
    // Bytes of 128 are zeros.
    if (bytes_)
      byte_panels_.assign(panels_.size() * static_cast<size_t>(panel_size_), 128);
    else
      float_panels_.assign(panels_.size() * static_cast<size_t>(panel_size_), 0);
    Row row(padded(columns));
    std::vector<int8_t> bytes(row.size());
    for (int64_t p = 0; p < static_cast<int64_t>(panels_.size()) * kPanelPoints; ++p) {
      PanelPoints& panel = panels_[static_cast<size_t>(p / kPanelPoints)];
      const int64_t i = p % kPanelPoints;
      panel.step[i] = panel.lost[i] = panel.size[i] = 0;
      panel.norm[i] = kEndless;  // places behind the last point
      if (p >= points_.rows) continue;
      prepare(points_.row(p), kMetric == Metric::cosine ? norms_[static_cast<size_t>(p)] : 0, row);
      const double square = square_of(row);
      const RoundedRow rounded = bytes_ ? round_to_bytes(row, bytes.data())
                                        : RoundedRow{.step = 1, .size = std::sqrt(square)};
      if (bytes_) {
        uint8_t* to = byte_panels_.data() + p / kPanelPoints * panel_size_ + i * 4;
        for (int8_t& byte : bytes) byte = static_cast<int8_t>(byte ^ 0x80);  // + 128
        for (int64_t s = 0; s < steps_; ++s)
          std::memcpy(to + s * 4 * kPanelPoints, bytes.data() + s * 4, 4);
      } else {
        float* to = float_panels_.data() + p / kPanelPoints * panel_size_ + i;
        for (int64_t c = 0; c < columns; ++c) to[c * kPanelPoints] = row[static_cast<size_t>(c)];
      }
      const double norm = kMetric == Metric::l2 ? square : 1;
      panel.norm[i] = static_cast<float>(norm * (1 - kFloatSlack));
      panel.step[i] = rounded.step;
      panel.lost[i] =
          static_cast<float>((rounded.lost + tile_error() * rounded.size) * (1 + kFloatSlack));
      panel.size[i] = static_cast<float>(rounded.size * (1 + kFloatSlack));
    }
  }

  void find_filtered(MatrixView<T> part, int64_t k, int64_t first, Neighbors& found) const {
    const int64_t tiles = (part.rows + kTileQueries - 1) / kTileQueries;
    const int64_t width = bytes_ ? 4 * steps_ : points_.columns;
    std::vector<Query> queries(static_cast<size_t>(tiles * kTileQueries));
    std::vector<int8_t> bytes(bytes_ ? queries.size() * static_cast<size_t>(width) : 0);
    std::vector<float> floats(bytes_ ? 0 : queries.size() * static_cast<size_t>(width));
    Row row(padded(points_.columns));
    std::vector<int8_t> row_bytes(row.size());
    std::vector<double> norms(queries.size());
    for (int64_t q = 0; q < part.rows; ++q) {
      const auto i = static_cast<size_t>(q);
      if (kMetric == Metric::cosine) norms[i] = std::sqrt(exact_dot(part.row(q), part.row(q)));
      prepare(part.row(q), norms[i], row);
      const double square = square_of(row), slack = kFloatSlack * std::sqrt(square);
      RoundedRow rounded{.step = 1};
      if (bytes_) {
        rounded = round_to_bytes(row, row_bytes.data());
        std::copy_n(row_bytes.data(), width, bytes.data() + q * width);
      } else {
        std::copy_n(row.data(), width, floats.data() + q * width);
      }
      queries[i].square = kMetric == Metric::l2 ? square : 1;
      queries[i].scale = 2 * rounded.step;
      queries[i].left = static_cast<float>(2 * std::sqrt(square) * (1 + kFloatSlack));
      queries[i].right = static_cast<float>(2 * (rounded.lost + slack));
      queries[i].offset = 128 * rounded.sum;
    }
    alignas(64) float dots[kTileQueries * kPanelPoints], lowest[kPanelPoints];
    for (size_t p = 0; p < panels_.size(); ++p)
      for (int64_t t = 0; t < tiles; ++t) {
        Query* tile = queries.data() + t * kTileQueries;
        if (bytes_) {
          int32_t offset[kTileQueries];
          for (int q = 0; q < kTileQueries; ++q) offset[q] = tile[q].offset;
          byte_tile(byte_panels_.data() + static_cast<int64_t>(p) * panel_size_,
                    bytes.data() + t * kTileQueries * width, steps_, offset, dots);
        } else {
          float_tile(float_panels_.data() + static_cast<int64_t>(p) * panel_size_,
                     floats.data() + t * kTileQueries * width, points_.columns, dots);
        }
        for (int64_t q = 0; q < std::min(kTileQueries, part.rows - t * kTileQueries); ++q) {
          Query& query = tile[q];
          uint64_t hits = not_above(panels_[p], dots + q * kPanelPoints, query.scale, query.left,
                                    query.right, query.limit, lowest);
          for (; hits; hits &= hits - 1) {
            const int i = __builtin_ctzll(hits);
            take(query, panels_[p], static_cast<int64_t>(p) * kPanelPoints + i, i, lowest[i], k);
          }
        }
      }
    NearestList nearest(k);
    for (int64_t q = 0; q < part.rows; ++q) {
      const auto i = static_cast<size_t>(q);
      measure(queries[i], part.row(q), norms[i], nearest);
      write(nearest, first + q, found);
    }
  }

  // A point that may be near. Its upper bound may lower the limit.
  void take(
      Query& query, const PanelPoints& panel, int64_t point, int i, float lowest, int64_t k) const {
    if (point >= points_.rows) return;
    if (std::isnan(lowest)) lowest = -kEndless;
    query.candidates.push_back({lowest, static_cast<uint32_t>(point)});
    // Twice the error, and what the norm was lowered by.
    const double error = 2 * (static_cast<double>(query.left) * panel.lost[i] +
                              static_cast<double>(query.right) * panel.size[i]) +
                         4 * kFloatSlack * (panel.norm[i] + query.square);
    float high = std::nextafter(static_cast<float>(lowest + error), kEndless);
    if (std::isnan(high)) high = kEndless;
    std::vector<float>& heap = query.highest;
    if (static_cast<int64_t>(heap.size()) == k) {
      if (high >= heap.front()) return;
      std::pop_heap(heap.begin(), heap.end());
      heap.pop_back();
    }
    heap.push_back(high);
    std::push_heap(heap.begin(), heap.end());
    if (static_cast<int64_t>(heap.size()) < k) return;
    query.limit = heap.front();
    if (query.candidates.size() > kMostCandidates) drop_far(query);
  }

  static void drop_far(Query& query) {
    std::erase_if(query.candidates, [&](const auto& c) { return c.first > query.limit; });
  }

  void measure(Query& query, const T* row, double norm, NearestList& nearest) const {
    drop_far(query);
    std::sort(query.candidates.begin(), query.candidates.end());
    nearest.clear();
    for (const auto& [lowest, point] : query.candidates) {
      // No later one can be nearer.
      if (lowest + query.square * (1 - kFloatSlack) > nearest.bound() * scale_ * scale_) break;
      nearest.offer(exact(row, norm, point), point);
    }
  }

  void find_all(MatrixView<T> part, int64_t k, int64_t first, Neighbors& found) const {
    constexpr int64_t kTogether = 16;  // a point is read once for so many queries
    for (int64_t start = 0; start < part.rows; start += kTogether) {
      const int64_t end = std::min(part.rows, start + kTogether);
      std::vector<NearestList> nearest(static_cast<size_t>(end - start), NearestList(k));
      for (int64_t p = 0; p < points_.rows; ++p)
        for (int64_t q = start; q < end; ++q)
          nearest[static_cast<size_t>(q - start)].offer(exact(part.row(q), 0, p), p);
      for (int64_t q = start; q < end; ++q)
        write(nearest[static_cast<size_t>(q - start)], first + q, found);
    }
  }

  Matrix<T> points_;
  int64_t steps_;
  bool bytes_;
  std::vector<T> centre_;      // l2
  std::vector<double> norms_;  // cosine
  double scale_ = 1;           // of l2, a power of two
  std::vector<PanelPoints> panels_;
  std::vector<uint8_t> byte_panels_;
  std::vector<float> float_panels_;
  int64_t panel_size_ = 0;
};

}  // namespace

template <class T>
std::shared_ptr<const PointIndex<T>> make_brute_search(MatrixView<T> points,
                                                       Metric metric,
                                                       Rounding rounding) {
  if (metric == Metric::l2) return std::make_shared<BruteSearch<T, Metric::l2>>(points, rounding);
  if (metric == Metric::l1) return std::make_shared<BruteSearch<T, Metric::l1>>(points, rounding);
  return std::make_shared<BruteSearch<T, Metric::cosine>>(points, rounding);
}

template std::shared_ptr<const PointIndex<float>> make_brute_search(MatrixView<float>,
                                                                    Metric,
                                                                    Rounding);
template std::shared_ptr<const PointIndex<double>> make_brute_search(MatrixView<double>,
                                                                     Metric,
                                                                     Rounding);

}  // namespace espalier
