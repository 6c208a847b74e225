#include "espalier/tabular/knn.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>
#include <unistd.h>

#include "espalier/core/error.h"
#include "espalier/core/random.h"
#include "espalier/tabular/brute_search.h"
#include "espalier/tabular/dot_tiles.h"
#include "espalier/tabular/model_arrays.h"

#include "tests/expect_error.h"
#include "tests/tabular/pca_golden.h"

namespace espalier {
namespace {

TEST(Knn, EqualsScikitLearn) {
  const PcaGolden golden;
  ASSERT_EQ(golden.json["knn"].size(), 12u);
  for (const auto& wanted : golden.json["knn"])
    for (const std::string algorithm : {"brute", "kd_tree"}) {
      const KnnConfig config{.neighbors = wanted["k"],
                             .weights = wanted["weights"],
                             .metric = wanted["metric"],
                             .algorithm = algorithm};
      if (config.metric == "cosine" && algorithm == "kd_tree") continue;
      SCOPED_TRACE(config.metric + ", " + config.weights + ", " + algorithm);
      const auto model = fit_knn<double>(config, golden.x.view(), golden.labels, 4);
      const Neighbors found = model.neighbors(golden.queries.view());
      EXPECT_EQ(found.index.values, wanted["index"].get<std::vector<int64_t>>());
      // Theirs, from squares of norms, is off where points coincide.
      expect_near(found.distance.values, wanted["distance"].get<std::vector<double>>(), 2e-7);
      expect_near(model.predict_proba(golden.queries.view()).values,
                  wanted["shares"].get<std::vector<double>>(), 1e-6);
      EXPECT_EQ(model.predict(golden.queries.view()),
                wanted["classes"].get<std::vector<int32_t>>());
      const auto numbers = fit_knn_regression<double>(config, golden.x.view(), golden.target);
      expect_near(numbers.predict_value(golden.queries.view()),
                  wanted["values"].get<std::vector<double>>(), 1e-6);
    }
}

// By measuring everything.
template <class T>
std::vector<std::pair<double, int64_t>> nearest(const Matrix<T>& x, const T* query, int64_t k) {
  std::vector<std::pair<double, int64_t>> all;
  for (int64_t r = 0; r < x.rows; ++r) {
    double sum = 0;
    for (int64_t c = 0; c < x.columns; ++c) {
      const double off = static_cast<double>(x(r, c)) - static_cast<double>(query[c]);
      sum += off * off;
    }
    all.push_back({std::sqrt(sum), r});
  }
  std::sort(all.begin(), all.end());
  all.resize(static_cast<size_t>(k));
  return all;
}

template <class T>
void expect_exact(const Matrix<T>& x, const Matrix<T>& queries, int64_t k) {
  for (const Rounding rounding : {Rounding::best, Rounding::floats}) {
    const Neighbors found =
        make_brute_search(x.view(), Metric::l2, rounding)->find(queries.view(), k, 2);
    for (int64_t q = 0; q < queries.rows; ++q) {
      const auto wanted = nearest(x, queries.row(q), k);
      for (int64_t i = 0; i < k; ++i) {
        const auto [distance, index] = wanted[static_cast<size_t>(i)];
        ASSERT_NEAR(found.distance(q, i), distance, 1e-13 * distance) << q << ' ' << i;
        ASSERT_EQ(found.index(q, i), index) << q << ' ' << i;
      }
    }
  }
}

TEST(Knn, FiltersLoseNoNeighbour) {
  if (!has_byte_tiles()) GTEST_LOG_(INFO) << "no VNNI: bytes are not tried";
  Random random(1);
  auto normal = [&](int64_t rows, int64_t columns, double scale, double offset) {
    Matrix<float> x(rows, columns);
    for (float& v : x.values) v = static_cast<float>(offset + scale * random.normal());
    return x;
  };
  expect_exact(normal(700, 3, 1, 0), normal(13, 3, 1, 0), 7);
  expect_exact(normal(500, 100, 1, 0), normal(7, 100, 1, 0), 5);
  expect_exact(normal(300, 33, 1e-3, 1000), normal(20, 33, 1e-3, 1000),
               4);                                                    // far from 0: cancellation
  expect_exact(normal(200, 20, 1e25, 0), normal(5, 20, 1e25, 0), 3);  // squares beyond floats
  expect_exact(normal(200, 20, 1e-30, 0), normal(5, 20, 1e-30, 0), 3);
  expect_exact(normal(100, 20, 1, 0), normal(5, 20, 1e6, 0), 3);  // queries from elsewhere
  Matrix<float> uneven = normal(400, 40, 1, 0);
  for (int64_t r = 0; r < uneven.rows; ++r) uneven(r, 7) *= 1e4f;  // one column takes all the bytes
  expect_exact(uneven, uneven, 3);
  // Nearly the same points: distances far below what bytes can tell.
  Matrix<double> close(300, 50);
  for (int64_t r = 0; r < close.rows; ++r)
    for (int64_t c = 0; c < close.columns; ++c)
      close(r, c) = static_cast<double>(c % 7) + 1e-9 * random.normal();
  expect_exact(close, close, 4);
}

TEST(Knn, TiesGoToTheLowestRowAndClass) {
  Matrix<float> x(9, 2);  // all the same point, four times over two places
  for (int64_t r = 0; r < 9; ++r) x(r, 0) = static_cast<float>(r % 3);
  Matrix<float> query(1, 2);
  query(0, 0) = 0.5f;
  for (const std::string algorithm : {"brute", "kd_tree"})
    for (const std::string metric : {"l2", "l1"}) {
      const NeighborSearch<float> search(x.view(), {metric, algorithm});
      EXPECT_EQ(search.find(query.view(), 6).index.values,
                (std::vector<int64_t>{0, 1, 3, 4, 6, 7}));
    }
  const std::vector<int32_t> labels = {2, 1, 0, 2, 1, 0, 2, 1, 0};
  EXPECT_EQ(fit_knn<float>({.neighbors = 6}, x.view(), labels, 3).predict(query.view())[0], 1);
  EXPECT_EQ(fit_knn<float>({.neighbors = 9, .metric = "cosine"}, x.view(), labels, 3)
                .neighbors(query.view())
                .index.values,
            (std::vector<int64_t>{1, 2, 4, 5, 7, 8, 0, 3, 6}));  // zero vectors are at 1
}

TEST(Knn, ThreadsAndMethodsDoNotMatter) {
  Random random(5);
  Matrix<double> x(3000, 4), queries(130, 4);
  for (double& v : x.values) v = random.normal();
  for (double& v : queries.values) v = 2 * random.normal();
  for (const std::string metric : {"l2", "l1"}) {
    const NeighborSearch<double> tree(x.view(), {metric, "kd_tree"}),
        brute(x.view(), {metric, "brute"});
    const Neighbors one = tree.find(queries.view(), 6, 1);
    for (const Neighbors& other :
         {tree.find(queries.view(), 6, 3), brute.find(queries.view(), 6, 1),
          brute.find(queries.view(), 6, 3)}) {
      EXPECT_EQ(other.index.values, one.index.values);
      expect_near(other.distance.values, one.distance.values, 1e-14);
    }
  }
}

TEST(Knn, BadInputIsNamed) {
  Matrix<float> x(4, 2);
  const std::vector<int32_t> labels(4);
  expect_error([&] { NeighborSearch<float>(Matrix<float>(0, 2).view()); }, Kind::data, "0 points");
  expect_error(
      [&] {
        NeighborSearch<float>(x.view(), {"l3", "auto"});
      },
      Kind::usage, "metric = l3");
  expect_error(
      [&] {
        NeighborSearch<float>(x.view(), {"cosine", "kd_tree"});
      },
      Kind::usage, "kd_tree");
  expect_error([&] { fit_knn<float>({.neighbors = 5}, x.view(), labels, 1); }, Kind::usage,
               "5 neighbours of 4");
  expect_error([&] { fit_knn<float>({.neighbors = 1, .weights = "far"}, x.view(), labels, 1); },
               Kind::usage, "weights");
  expect_error(
      [&] {
        fit_knn<float>({.neighbors = 1}, x.view(), std::vector<int32_t>{0, 0, 3, 0}, 2);
      },
      Kind::data, "row 3", "0..1");
  const NeighborSearch<float> search(x.view());
  expect_error([&] { search.find(Matrix<float>(1, 3).view(), 1); }, Kind::data, "2 columns, not 3");
  expect_error([&] { search.find(x.view(), 5); }, Kind::usage, "5 neighbours of 4");
  x(2, 1) = std::numeric_limits<float>::quiet_NaN();
  expect_error([&] { search.find(x.view(), 1); }, Kind::data, "row 3, column 2");
  expect_error([&] { NeighborSearch<float>(x.view()); }, Kind::data, "row 3, column 2");
}

TEST(Knn, AFileKeepsTheModelAndADamagedOneIsRefused) {
  const PcaGolden golden;
  const fs::path path = fs::temp_directory_path() / fmt::format("knn-{}.safetensors", getpid());
  const KnnConfig config{.neighbors = 3, .weights = "distance", .metric = "l1"};
  const auto model = fit_knn<double>(config, golden.x.view(), golden.labels, 4);
  save_knn(path, model);
  EXPECT_EQ(load_knn<double>(path).predict_proba(golden.queries.view()).values,
            model.predict_proba(golden.queries.view()).values);
  expect_error([&] { load_knn<float>(path); }, Kind::format, "points", "F64");
  const std::string bytes = read_file(path);
  for (size_t length = 0; length < bytes.size(); length += 1 + bytes.size() / 31) {
    write_file_atomic(path, std::string_view(bytes).substr(0, length));
    expect_error([&] { load_knn<double>(path); }, Kind::format, path.string());
  }
  auto bad = model;
  bad.labels[5] = 4;
  save_knn(path, bad);
  expect_error([&] { load_knn<double>(path); }, Kind::format, "row 6", path.string());
  const auto numbers = fit_knn_regression<float>(config, in_floats(golden.x).view(), golden.target);
  save_knn(path, numbers);
  EXPECT_EQ(load_knn<float>(path).predict_value(in_floats(golden.queries).view()),
            numbers.predict_value(in_floats(golden.queries).view()));
  fs::remove(path);
}

}  // namespace
}  // namespace espalier
