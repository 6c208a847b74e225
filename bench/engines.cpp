// One of the search and tree engines of tables, timed: bench/engines.py makes the data, starts this program beside its peers and lets
// them take turns.
//
//   cmake --build build/release --target bench_engines && bench/engines.py
//
//   bench_engines SETTING FOLDER THREADS    prints "ready"; for each line of standard input runs once and prints seconds,
//   processor seconds and a number that says how good the answer is
#include <algorithm>
#include <chrono>
#include <cstring>
#include <ctime>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "espalier/core/error.h"
#include "espalier/core/files.h"
#include "espalier/core/progress.h"
#include "espalier/tabular/forest.h"
#include "espalier/tabular/kmeans.h"
#include "espalier/tabular/knn.h"
#include "espalier/tabular/pca.h"
#include "espalier/tabular/tree.h"
#include "espalier/tensor/runtime.h"

namespace espalier {
namespace {

template <class T>
std::vector<T> numbers(const fs::path& path) {
  const std::string bytes = read_file(path);
  std::vector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
  return values;
}

struct Data {
  Matrix<float> x, test;
  std::vector<int32_t> labels, test_labels;

  explicit Data(const fs::path& folder) {
    const auto shape = numbers<int64_t>(folder / "shape");  // rows, columns, test rows
    x = Matrix<float>(shape[0], shape[1]);
    x.values = numbers<float>(folder / "x");
    test = Matrix<float>(shape[2], shape[1]);
    test.values = numbers<float>(folder / "test");
    labels = numbers<int32_t>(folder / "labels");
    test_labels = numbers<int32_t>(folder / "test_labels");
  }

  double accuracy(const std::vector<int32_t>& guess) const {
    double right = 0;
    for (size_t i = 0; i < guess.size(); ++i) right += guess[i] == test_labels[i];
    return right / static_cast<double>(guess.size());
  }
};

// What is timed, and how good its answer is.
struct Trial {
  std::function<void()> run;
  std::function<double()> quality;
};

template <class Fitted>
Trial classifier(const Data& data, std::function<Fitted()> fit) {
  auto model = std::make_shared<Fitted>();
  return {[=] { *model = fit(); },
          [=, &data] { return data.accuracy(model->predict(data.test.view())); }};
}

// Fitting and asking together: a search that prepares its points should not look free.
Trial neighbours(const Data& data, int64_t k, const std::string& algorithm, int64_t threads) {
  auto found = std::make_shared<Neighbors>();
  return {[=, &data] {
            const NeighborSearch<float> search(data.x.view(), {.algorithm = algorithm});
            *found = search.find(data.test.view(), k, threads);
          },
          [=] {
            double sum = 0;
            for (const double d : found->distance.values) sum += d;
            return sum;
          }};
}

Trial neighbours_of_fitted(const Data& data, int64_t k, int64_t threads) {
  auto search =
      std::make_shared<NeighborSearch<float>>(data.x.view(), SearchConfig{.algorithm = "brute"});
  auto found = std::make_shared<Neighbors>();
  return {[=, &data] { *found = search->find(data.test.view(), k, threads); },
          [=] {
            double sum = 0;
            for (const double d : found->distance.values) sum += d;
            return sum;
          }};
}

Trial trial(const std::string& setting, const Data& data, int64_t threads) {
  const int64_t classes =
      data.labels.empty() ? 0 : 1 + *std::max_element(data.labels.begin(), data.labels.end());
  auto tree = [&](TreeConfig config) {
    return classifier<Tree>(
        data, [=, &data] { return fit_tree(config, data.x.view(), data.labels, classes); });
  };
  if (setting == "tree") return tree({});
  if (setting == "tree-depth-10") return tree({.max_depth = 10});
  if (setting == "tree-gini") return tree({.criterion = "gini"});
  if (setting == "forest")
    return classifier<Forest>(data, [=, &data] {
      return fit_forest({.trees = 100, .out_of_bag = false, .threads = threads}, data.x.view(),
                        data.labels, classes);
    });
  if (setting == "knn-784") return neighbours_of_fitted(data, 5, threads);
  if (setting == "knn-784-fit") return neighbours(data, 5, "brute", threads);
  if (setting == "knn-64") return neighbours_of_fitted(data, 10, threads);
  if (setting == "kd-tree-5") return neighbours(data, 10, "kd_tree", threads);
  if (setting == "pca") {
    auto pca = std::make_shared<Pca<float>>();
    return {[=, &data] { *pca = fit_pca<float>({.components = 50}, data.x.view()); },
            [=] {
              double sum = 0;
              for (const double share : pca->ratio) sum += share;
              return sum;
            }};
  }
  if (setting == "kmeans") {
    auto model = std::make_shared<KMeans<float>>();
    Matrix<float> first(20, data.x.columns);
    std::copy_n(data.x.values.begin(), first.values.size(), first.values.begin());
    return {[=, &data] {
              *model = fit_kmeans_from<float>(
                  {.max_iterations = 30, .tolerance = 0, .threads = threads}, data.x.view(), first);
            },
            [=] { return model->inertia; }};
  }
  fail(Kind::usage, "no setting '{}'", setting);
}

double processor_seconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

void take_turns(const Trial& trial) {
  trial.run();
  fmt::print("ready\n");
  for (std::string line; std::cout.flush(), std::fflush(stdout), std::getline(std::cin, line);) {
    const auto start = std::chrono::steady_clock::now();
    const double processor = processor_seconds();
    trial.run();
    const double used = processor_seconds() - processor;
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    fmt::print("{} {} {}\n", passed.count(), used, trial.quality());
  }
}

}  // namespace
}  // namespace espalier

int main(int count, char** words) {
  using namespace espalier;
  if (count != 4) {
    fmt::print(stderr, "bench_engines SETTING FOLDER THREADS\n");
    return 2;
  }
  try {
    set_quiet(true);
    const int64_t threads = std::stoll(words[3]);
    start_runtime(threads);
    const Data data(words[2]);
    take_turns(trial(words[1], data, threads));
  } catch (const Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return exit_code(error.kind());
  }
}
