#include "espalier/tabular/knn.h"

#include <algorithm>
#include <cmath>

#include "espalier/core/error.h"
#include "espalier/tabular/model_arrays.h"

namespace espalier {
namespace {

constexpr int64_t kMost = int64_t{1} << 31;
constexpr int64_t kMostClasses = int64_t{1} << 20;  // in a file: an answer has a number for each

// Of one query's neighbours.
std::vector<double> weights_of(bool by_distance, std::span<const double> distance) {
  std::vector<double> weights(distance.size(), 1);
  if (!by_distance) return weights;
  const bool hit = distance[0] == 0;  // they rise
  for (size_t i = 0; i < weights.size(); ++i)
    weights[i] = hit ? (distance[i] == 0 ? 1 : 0) : 1 / distance[i];
  return weights;
}

// Calls use(row, place of a neighbour's row, its weight, sum of the weights) for each row and neighbour.
template <class T, class Use>
void each_vote(const Knn<T>& model, MatrixView<T> x, const Use& use) {
  const Neighbors found = model.neighbors(x);
  for (int64_t r = 0; r < x.rows; ++r) {
    const std::vector<double> weights =
        weights_of(model.config.weights == "distance", found.distance.view().span(r));
    double all = 0;
    for (const double w : weights) all += w;
    for (size_t i = 0; i < weights.size(); ++i)
      use(r, static_cast<size_t>(found.index(r, static_cast<int64_t>(i))), weights[i], all);
  }
}

template <class T>
Knn<T> prepare(const KnnConfig& config, MatrixView<T> x, size_t targets) {
  KnnConfig checked = config;
  for (const Field& f : fields(checked)) set_field({f}, f.name, field_text(f));
  if (targets != static_cast<size_t>(x.rows))
    fail(Kind::data, "{} rows but {} targets", x.rows, targets);
  Knn<T> model{.config = checked, .points = Matrix<T>(x.rows, x.columns)};
  for (int64_t r = 0; r < x.rows; ++r) std::copy_n(x.row(r), x.columns, model.points.row(r));
  model.search.emplace(model.points.view(), SearchConfig{config.metric, config.algorithm});
  if (config.neighbors > x.rows)
    fail(Kind::usage, "{} neighbours of {} rows", config.neighbors, x.rows);
  return model;
}

}  // namespace

Fields fields(KnnConfig& c) {
  return {field("neighbors", c.neighbors, "rows that vote").between(1, 1e9),
          field("weights", c.weights, "of a vote: all alike, or 1 / distance")
              .one_of({"uniform", "distance"}),
          field("metric", c.metric, "what near means").one_of({"l2", "l1", "cosine"}),
          field("algorithm", c.algorithm, "how they are found; the answer is the same")
              .one_of({"auto", "brute", "kd_tree"}),
          field("threads", c.threads, "0: those of the machine").between(0, 1e4)};
}

template <class T>
Neighbors Knn<T>::neighbors(MatrixView<T> x) const {
  return search->find(x, config.neighbors, config.threads);
}

template <class T>
Matrix<double> Knn<T>::predict_proba(MatrixView<T> x) const {
  if (classes == 0) fail(Kind::usage, "this model learnt numbers, not classes");
  Matrix<double> shares(x.rows, classes);
  each_vote(*this, x, [&](int64_t r, size_t neighbor, double weight, double all) {
    shares(r, labels[neighbor]) += weight / all;
  });
  return shares;
}

template <class T>
std::vector<int32_t> Knn<T>::predict(MatrixView<T> x) const {
  const Matrix<double> shares = predict_proba(x);
  std::vector<int32_t> guess;
  for (int64_t r = 0; r < x.rows; ++r)
    guess.push_back(static_cast<int32_t>(std::max_element(shares.row(r), shares.row(r) + classes) -
                                         shares.row(r)));
  return guess;
}

template <class T>
std::vector<double> Knn<T>::predict_value(MatrixView<T> x) const {
  if (classes > 0) fail(Kind::usage, "this model learnt classes, not numbers");
  std::vector<double> guess(static_cast<size_t>(x.rows));
  each_vote(*this, x, [&](int64_t r, size_t neighbor, double weight, double all) {
    guess[static_cast<size_t>(r)] += weight * target[neighbor] / all;
  });
  return guess;
}

template <class T>
Knn<T> fit_knn(const KnnConfig& config,
               MatrixView<T> x,
               std::span<const int32_t> labels,
               int64_t classes) {
  if (classes < 1) fail(Kind::usage, "neighbours of {} classes", classes);
  Knn<T> model = prepare(config, x, labels.size());
  for (size_t r = 0; r < labels.size(); ++r)
    if (labels[r] < 0 || labels[r] >= classes)
      fail(Kind::data, "row {}: class {} is outside 0..{}", r + 1, labels[r], classes - 1);
  model.classes = classes;
  model.labels.assign(labels.begin(), labels.end());
  return model;
}

template <class T>
Knn<T> fit_knn_regression(const KnnConfig& config,
                          MatrixView<T> x,
                          std::span<const double> target) {
  Knn<T> model = prepare(config, x, target.size());
  for (size_t r = 0; r < target.size(); ++r)
    if (!std::isfinite(target[r]))
      fail(Kind::data, "row {}: the target {} is not finite", r + 1, target[r]);
  model.target.assign(target.begin(), target.end());
  return model;
}

template <class T>
void save_knn(const fs::path& path, const Knn<T>& model) {
  ArrayWriter out("knn");
  out.set("columns", model.points.columns);
  out.set("classes", model.classes);
  out.set("neighbors", model.config.neighbors);
  out.set("weights", model.config.weights);
  out.set("metric", model.config.metric);
  out.set("algorithm", model.config.algorithm);
  out.add("points", model.points.values, model.points.columns);
  if (model.classes > 0)
    out.add("labels", model.labels);
  else
    out.add("target", model.target);
  out.write(path);
}

template <class T>
Knn<T> load_knn(const fs::path& path) {
  const ArrayReader in(path, "knn");
  const int64_t columns = in.number("columns", 1, kMost),
                classes = in.number("classes", 0, kMostClasses);
  const KnnConfig config{.neighbors = in.number("neighbors", 1, kMost),
                         .weights = in.text("weights"),
                         .metric = in.text("metric"),
                         .algorithm = in.text("algorithm")};
  Matrix<T> points;
  points.values = in.array<T>("points");
  const auto count = static_cast<int64_t>(points.values.size());
  if (count % columns != 0)
    in.refuse(fmt::format("array 'points' has {} numbers, not rows of {}", count, columns));
  points.columns = columns;
  points.rows = count / columns;
  try {
    if (classes > 0)
      return fit_knn(config, points.view(), in.array<int32_t>("labels", points.rows), classes);
    return fit_knn_regression(config, points.view(), in.array<double>("target", points.rows));
  } catch (const Error& error) {  // of the content, which is the file's
    if (error.kind() == Kind::format) throw;
    in.refuse(error.what());
  }
}

#define ESPALIER_KNN(T)                                                                         \
  template struct Knn<T>;                                                                       \
  template Knn<T> fit_knn(const KnnConfig&, MatrixView<T>, std::span<const int32_t>, int64_t);  \
  template Knn<T> fit_knn_regression(const KnnConfig&, MatrixView<T>, std::span<const double>); \
  template void save_knn(const fs::path&, const Knn<T>&);                                       \
  template Knn<T> load_knn(const fs::path&);
ESPALIER_KNN(float)
ESPALIER_KNN(double)
#undef ESPALIER_KNN

}  // namespace espalier
