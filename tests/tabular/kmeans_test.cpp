#include "espalier/tabular/kmeans.h"

#include <cmath>

#include <gtest/gtest.h>
#include <unistd.h>

#include "espalier/core/error.h"
#include "espalier/core/random.h"

#include "tests/expect_error.h"
#include "tests/tabular/pca_golden.h"

namespace espalier {
namespace {

TEST(KMeans, LloydsStepsEqualScikitLearns) {
  const PcaGolden golden;
  for (const auto& wanted : golden.json["kmeans"]) {
    const int64_t clusters = wanted["clusters"];
    Matrix<double> first(clusters, golden.x.columns);
    std::copy_n(golden.x.values.begin(), first.values.size(), first.values.begin());
    const auto found = fit_kmeans_from<double>({.tolerance = 0}, golden.x.view(), first);
    expect_near(found.centres.values, wanted["centres"].get<std::vector<double>>(), 1e-12);
    EXPECT_EQ(found.labels, wanted["labels"].get<std::vector<int32_t>>());
    EXPECT_NEAR(found.inertia, wanted["inertia"].get<double>(), 1e-9 * found.inertia);
    EXPECT_EQ(found.predict(golden.x.view()), found.labels);
  }
}

TEST(KMeans, StartsApartFindTheBestThatScikitLearnKnows) {
  const PcaGolden golden;
  for (const auto& [clusters, best] : golden.json["best_inertia"].items()) {
    const auto found = fit_kmeans<double>(
        {.clusters = std::stoll(clusters), .starts = 30, .tolerance = 0}, golden.x.view());
    EXPECT_LE(found.inertia, best.get<double>() * (1 + 1e-9));
  }
}

TEST(KMeans, SeedDecidesAndThreadsDoNot) {
  Random random(2);
  Matrix<float> x(9000, 6);
  for (int64_t r = 0; r < x.rows; ++r)
    for (int64_t c = 0; c < 6; ++c)
      x(r, c) = static_cast<float>(random.normal() + (r % 5 == c ? 6 : 0));
  KMeansConfig config{.clusters = 5, .starts = 3, .seed = 4, .threads = 1};
  const auto one = fit_kmeans<float>(config, x.view());
  config.threads = 3;
  const auto three = fit_kmeans<float>(config, x.view());
  EXPECT_EQ(one.centres.values, three.centres.values);
  EXPECT_EQ(one.labels, three.labels);
  EXPECT_EQ(one.inertia, three.inertia);
  // The five heaps are found: rows of one heap share a label.
  int64_t agree = 0;
  for (int64_t r = 0; r < x.rows; ++r)
    agree += one.labels[static_cast<size_t>(r)] == one.labels[static_cast<size_t>(r % 5)];
  EXPECT_GT(agree, x.rows * 99 / 100);
}

TEST(KMeans, AnEmptyClusterTakesTheFarthestRow) {
  Matrix<double> x(6, 1);
  const double values[] = {0, 0.1, 0.2, 5, 5.1, 100};
  std::copy_n(values, 6, x.values.begin());
  Matrix<double> first(3, 1);
  first.values = {0, 5, -1000};
  const auto found = fit_kmeans_from<double>({}, x.view(), first);
  expect_near(found.centres.values, std::vector<double>{0.1, 5.05, 100}, 1e-12);
  // More clusters than different rows: no division by zero, no loop without end.
  const auto same = fit_kmeans<double>({.clusters = 3}, Matrix<double>(5, 2).view());
  EXPECT_EQ(same.inertia, 0);
}

TEST(KMeans, BadInputIsNamedAndFilesKeepTheCentres) {
  Matrix<float> x(4, 2);
  expect_error([&] { fit_kmeans<float>({.clusters = 5}, x.view()); }, Kind::usage,
               "5 clusters of 4");
  expect_error([&] { fit_kmeans<float>({}, Matrix<float>(0, 2).view()); }, Kind::data, "0 rows");
  x(3, 0) = std::nanf("");
  expect_error([&] { fit_kmeans<float>({.clusters = 2}, x.view()); }, Kind::data,
               "row 4, column 1");
  const PcaGolden golden;
  const auto model = fit_kmeans<double>({.clusters = 4}, golden.x.view());
  const fs::path path = fs::temp_directory_path() / fmt::format("kmeans-{}.safetensors", getpid());
  save_kmeans(path, model);
  EXPECT_EQ(load_kmeans<double>(path).predict(golden.queries.view()),
            model.predict(golden.queries.view()));
  const std::string bytes = read_file(path);
  for (size_t length = 0; length < bytes.size(); length += 1 + bytes.size() / 31) {
    write_file_atomic(path, std::string_view(bytes).substr(0, length));
    expect_error([&] { load_kmeans<double>(path); }, Kind::format, path.string());
  }
  fs::remove(path);
}

}  // namespace
}  // namespace espalier
