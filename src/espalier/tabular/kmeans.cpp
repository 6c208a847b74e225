#include "espalier/tabular/kmeans.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>

#include "espalier/core/error.h"
#include "espalier/core/parallel.h"
#include "espalier/core/random.h"
#include "espalier/tabular/brute_search.h"
#include "espalier/tabular/finite_rows.h"
#include "espalier/tabular/model_arrays.h"

#pragma GCC diagnostic ignored "-Wpsabi"

namespace espalier {
namespace {

constexpr int64_t kRowsAtOnce =
    2048;  // whose sums are one term of a centre's: the same for any number of threads
constexpr int64_t kMost = int64_t{1} << 31;

int64_t workers(int64_t threads) {
  return threads > 0 ? threads : std::max(1u, std::thread::hardware_concurrency());
}

template <class T>
double squared(const T* a, const T* b, int64_t n) {
  double value = 0;
  with_widest_vectors([&]() ESPALIER_INLINE { value = squared_distance(a, b, n); });
  return value;
}

template <class T>
class Lloyd {
 public:
  Lloyd(const KMeansConfig& config, MatrixView<T> x) : config_(config), x_(x) {
    check_finite_rows(x);
    std::vector<double> mean(static_cast<size_t>(x.columns)), spread(mean.size());
    for (int64_t r = 0; r < x.rows; ++r)
      for (size_t c = 0; c < mean.size(); ++c) mean[c] += x.row(r)[c];
    for (double& m : mean) m /= static_cast<double>(x.rows);
    double all = 0;
    for (int64_t r = 0; r < x.rows; ++r)
      for (size_t c = 0; c < mean.size(); ++c) {
        const double off = x.row(r)[c] - mean[c];
        all += off * off;
      }
    still_ = config.tolerance * all / static_cast<double>(x.rows * x.columns);
  }

  // k-means++ with the best of 2 + log k draws at each step, as scikit-learn does.
  Matrix<T> spread_out(Random random) const {
    const int64_t draws = 2 + static_cast<int64_t>(std::log(static_cast<double>(config_.clusters)));
    Matrix<T> centres(config_.clusters, x_.columns);
    auto take = [&](int64_t cluster, int64_t row) {
      std::copy_n(x_.row(row), x_.columns, centres.row(cluster));
    };
    int64_t first = random.below(x_.rows);
    take(0, first);
    std::vector<double> distance = distances_to(first, {});
    for (int64_t k = 1; k < config_.clusters; ++k) {
      std::vector<double> best;
      double least = std::numeric_limits<double>::infinity();
      int64_t chosen = 0;
      for (int64_t d = 0; d < draws; ++d) {
        const int64_t row = draw(distance, random.uniform());
        std::vector<double> with = distances_to(row, distance);
        const double sum = sum_of(with);
        if (sum < least) {
          least = sum;
          best = std::move(with);
          chosen = row;
        }
      }
      take(k, chosen);
      distance = std::move(best);
    }
    return centres;
  }

  KMeans<T> run(Matrix<T> centres) const {
    KMeans<T> model{.centres = std::move(centres)};
    std::vector<double> distance;
    std::vector<int32_t> before;
    for (model.iterations = 0; model.iterations < config_.max_iterations;) {
      assign(model, distance);
      Matrix<T> moved = means(model, distance);
      double movement = 0;
      for (int64_t k = 0; k < moved.rows; ++k)
        movement += squared(moved.row(k), model.centres.row(k), moved.columns);
      ++model.iterations;
      const bool same = model.labels == before;
      before = model.labels;
      model.centres = std::move(moved);
      if (same || movement <= still_) break;
    }
    assign(model, distance);
    model.inertia = sum_of(distance);
    return model;
  }

 private:
  static double sum_of(const std::vector<double>& values) {
    double sum = 0;
    for (const double v : values) sum += v;
    return sum;
  }

  // Of each row to `row`, or to its nearest so far where that is less.
  std::vector<double> distances_to(int64_t row, const std::vector<double>& nearest) const {
    std::vector<double> distance(static_cast<size_t>(x_.rows));
    const int64_t blocks = (x_.rows + kRowsAtOnce - 1) / kRowsAtOnce;
    parallel_for(blocks, workers(config_.threads), [&](int64_t b) {
      for (int64_t r = b * kRowsAtOnce; r < std::min(x_.rows, (b + 1) * kRowsAtOnce); ++r) {
        const auto i = static_cast<size_t>(r);
        distance[i] = squared(x_.row(r), x_.row(row), x_.columns);
        if (!nearest.empty()) distance[i] = std::min(distance[i], nearest[i]);
      }
    });
    return distance;
  }

  // A row in proportion to its distance; `uniform` in [0, 1).
  static int64_t draw(const std::vector<double>& distance, double uniform) {
    const double wanted = uniform * sum_of(distance);
    double sum = 0;
    for (size_t i = 0; i < distance.size(); ++i)
      if ((sum += distance[i]) > wanted) return static_cast<int64_t>(i);
    return static_cast<int64_t>(distance.size()) - 1;
  }

  void assign(KMeans<T>& model, std::vector<double>& distance) const {
    const auto search = make_brute_search(model.centres.view(), Metric::l2);
    const Neighbors found = search->find(x_, 1, workers(config_.threads));
    model.labels.assign(found.index.values.begin(), found.index.values.end());
    distance = found.distance.values;
    for (double& d : distance) d *= d;
  }

  // The means of the clusters; one that is empty gets the farthest row, which leaves its own.
  Matrix<T> means(KMeans<T>& model, std::vector<double>& distance) const {
    const int64_t clusters = model.centres.rows, columns = x_.columns;
    std::vector<int64_t> count(static_cast<size_t>(clusters));
    for (const int32_t label : model.labels) ++count[static_cast<size_t>(label)];
    for (int64_t k = 0; k < clusters; ++k) {
      if (count[static_cast<size_t>(k)] > 0) continue;
      const auto far = static_cast<size_t>(std::max_element(distance.begin(), distance.end()) -
                                           distance.begin());
      --count[static_cast<size_t>(model.labels[far])];
      model.labels[far] = static_cast<int32_t>(k);
      count[static_cast<size_t>(k)] = 1;
      distance[far] = 0;
    }
    const int64_t blocks = (x_.rows + kRowsAtOnce - 1) / kRowsAtOnce;
    const int64_t together = std::max<int64_t>(1, std::min<int64_t>(blocks, 16));
    // Sums of every 16th block, added up in their order afterwards.
    std::vector<Matrix<double>> sums(static_cast<size_t>(together));
    parallel_for(together, workers(config_.threads), [&](int64_t part) {
      Matrix<double>& sum = sums[static_cast<size_t>(part)] = Matrix<double>(clusters, columns);
      for (int64_t b = part; b < blocks; b += together)
        for (int64_t r = b * kRowsAtOnce; r < std::min(x_.rows, (b + 1) * kRowsAtOnce); ++r) {
          double* to = sum.row(model.labels[static_cast<size_t>(r)]);
          const T* row = x_.row(r);
          for (int64_t c = 0; c < columns; ++c) to[c] += row[c];
        }
    });
    Matrix<T> moved(clusters, columns);
    for (int64_t k = 0; k < clusters; ++k)
      for (int64_t c = 0; c < columns; ++c) {
        double sum = 0;
        for (const Matrix<double>& part : sums) sum += part(k, c);
        const auto members = static_cast<double>(count[static_cast<size_t>(k)]);
        moved(k, c) = members > 0 ? static_cast<T>(sum / members) : model.centres(k, c);
      }
    return moved;
  }

  const KMeansConfig& config_;
  MatrixView<T> x_;
  double still_ = 0;
};

template <class T>
void check(const KMeansConfig& config, MatrixView<T> x, int64_t clusters) {
  KMeansConfig copy = config;
  for (const Field& f : fields(copy)) set_field({f}, f.name, field_text(f));
  if (x.rows < 1 || x.columns < 1)
    fail(Kind::data, "a table of {} rows and {} columns has no clusters", x.rows, x.columns);
  if (clusters > x.rows) fail(Kind::usage, "{} clusters of {} rows", clusters, x.rows);
}

}  // namespace

Fields fields(KMeansConfig& c) {
  return {
      field("clusters", c.clusters, "centres").between(1, 1e6),
      field("starts", c.starts, "the best of so many is kept").between(1, 1e6),
      field("max_iterations", c.max_iterations, "of Lloyd's steps").between(1, 1e9),
      field("tolerance", c.tolerance, "of the centres' movement, in mean variances").between(0, 1),
      field("seed", c.seed, "of the first centres").between(0, 9e15),
      field("threads", c.threads, "0: those of the machine").between(0, 1e4)};
}

template <class T>
std::vector<int32_t> KMeans<T>::predict(MatrixView<T> x, int64_t threads) const {
  if (x.columns != centres.columns)
    fail(Kind::data, "the centres have {} columns, not {}", centres.columns, x.columns);
  check_finite_rows(x);
  const Neighbors found =
      make_brute_search(centres.view(), Metric::l2)->find(x, 1, workers(threads));
  return {found.index.values.begin(), found.index.values.end()};
}

template <class T>
KMeans<T> fit_kmeans(const KMeansConfig& config, MatrixView<T> x) {
  check(config, x, config.clusters);
  const Lloyd<T> lloyd(config, x);
  KMeans<T> best{.inertia = std::numeric_limits<double>::infinity()};
  for (int64_t start = 0; start < config.starts; ++start) {
    const Random random =
        Random(static_cast<uint64_t>(config.seed)).stream(static_cast<uint64_t>(start));
    KMeans<T> model = lloyd.run(lloyd.spread_out(random));
    if (start == 0 || model.inertia < best.inertia) best = std::move(model);
  }
  return best;
}

template <class T>
KMeans<T> fit_kmeans_from(const KMeansConfig& config, MatrixView<T> x, Matrix<T> centres) {
  check(config, x, centres.rows);
  if (centres.rows < 1 || centres.columns != x.columns)
    fail(Kind::data, "{} centres of {} columns for rows of {}", centres.rows, centres.columns,
         x.columns);
  check_finite_rows(centres.view());
  return Lloyd<T>(config, x).run(std::move(centres));
}

template <class T>
void save_kmeans(const fs::path& path, const KMeans<T>& model) {
  ArrayWriter out("kmeans");
  out.set("columns", model.centres.columns);
  out.set("iterations", model.iterations);
  out.add("centres", model.centres.values, model.centres.columns);
  out.add("inertia", std::vector<double>{model.inertia});
  out.write(path);
}

template <class T>
KMeans<T> load_kmeans(const fs::path& path) {
  const ArrayReader in(path, "kmeans");
  KMeans<T> model;
  const int64_t columns = in.number("columns", 1, kMost);
  model.centres.values = in.array<T>("centres");
  const auto count = static_cast<int64_t>(model.centres.values.size());
  if (count == 0 || count % columns != 0)
    in.refuse(fmt::format("array 'centres' has {} numbers, not rows of {}", count, columns));
  model.centres.columns = columns;
  model.centres.rows = count / columns;
  model.iterations = in.number("iterations", 0, kMost);
  model.inertia = in.array<double>("inertia", 1)[0];
  return model;
}

#define ESPALIER_KMEANS(T)                                                           \
  template struct KMeans<T>;                                                         \
  template KMeans<T> fit_kmeans(const KMeansConfig&, MatrixView<T>);                 \
  template KMeans<T> fit_kmeans_from(const KMeansConfig&, MatrixView<T>, Matrix<T>); \
  template void save_kmeans(const fs::path&, const KMeans<T>&);                      \
  template KMeans<T> load_kmeans(const fs::path&);
ESPALIER_KMEANS(float)
ESPALIER_KMEANS(double)
#undef ESPALIER_KMEANS

}  // namespace espalier
