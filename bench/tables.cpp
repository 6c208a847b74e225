// Processor seconds of reading CSV files and of the models that take them, one line of CSV each; one thread.
//
//   cmake --build build/release --target bench_tables
//   build/release/bin/bench_tables FILE.csv...      bench/peers/tables_pandas.py prints the same for pandas' C engine
//   build/release/bin/bench_tables                  bench/peers/tables_sklearn.py: the models, for scikit-learn
#include <algorithm>
#include <cmath>
#include <ctime>

#include <fmt/format.h>

#include "espalier/core/random.h"
#include "espalier/metrics/precision_recall.h"
#include "espalier/metrics/roc.h"
#include "espalier/tabular/linear.h"
#include "espalier/tabular/naive_bayes.h"
#include "espalier/tabular/table.h"
#include "espalier/tensor/runtime.h"

namespace espalier {
namespace {

constexpr int kRounds = 5;

double processor_seconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Of the fastest of several rounds.
template <class Body>
double seconds(Body&& body) {
  double best = HUGE_VAL;
  for (int round = 0; round < kRounds; ++round) {
    const double start = processor_seconds();
    body();
    best = std::min(best, processor_seconds() - start);
  }
  return best;
}

void measure_reading(const fs::path& path) {
  const double best = seconds([&] { read_table(path); });
  const double megabytes = static_cast<double>(fs::file_size(path)) / 1e6;
  fmt::print("{},{:.1f},{:.4f},{:.0f}\n", path.filename().string(), megabytes, best,
             megabytes / best);
}

Matrix<double> normal_rows(int64_t rows, int64_t columns, Random random) {
  Matrix<double> x(rows, columns);
  for (double& value : x.values) value = random.normal();
  return x;
}

void measure_naive_bayes() {
  const int64_t rows = 500000, classes = 10;
  Matrix<double> x = normal_rows(rows, 50, Random(1));
  std::vector<int32_t> labels;
  for (int64_t i = 0; i < rows; ++i) labels.push_back(static_cast<int32_t>(i * 7919 % classes));
  for (int64_t i = 0; i < rows; ++i) x(i, i % 50) += labels[static_cast<size_t>(i)];
  NaiveBayes model;
  fmt::print("gaussian naive Bayes 500000 x 50 10 classes,fit,{:.4f}\n",
             seconds([&] { model = fit_naive_bayes({}, x.view(), labels, classes); }));
  fmt::print("gaussian naive Bayes 500000 x 50 10 classes,predict,{:.4f}\n",
             seconds([&] { model.predict(x.view()); }));
}

void measure_linear() {
  const Matrix<double> x = normal_rows(200000, 100, Random(2)),
                       y = normal_rows(200000, 1, Random(3));
  fmt::print("linear regression 200000 x 100,fit,{:.4f}\n",
             seconds([&] { fit_linear({}, x.view(), y.view()); }));
}

// As scores come: each class about its own mean.
void measure_ranking() {
  const int64_t count = 1000000;
  Random random(4);
  std::vector<uint8_t> positive;
  std::vector<double> score;
  for (int64_t i = 0; i < count; ++i) {
    positive.push_back(random.chance(0.3));
    score.push_back(1 / (1 + std::exp(random.normal() - positive.back())));
  }
  fmt::print("AUC of 1000000 scores,score,{:.4f}\n", seconds([&] { roc_auc({positive, score}); }));
  fmt::print("average precision of 1000000 scores,score,{:.4f}\n", seconds([&] {
               average_precision({positive, score});
             }));
}

}  // namespace
}  // namespace espalier

int main(int count, char** words) {
  using namespace espalier;
  start_runtime(1);
  if (count > 1) {
    fmt::print("file,megabytes,seconds,megabytes_per_second\n");
    for (int i = 1; i < count; ++i) measure_reading(words[i]);
    return 0;
  }
  fmt::print("model,step,seconds\n");
  measure_naive_bayes();
  measure_linear();
  measure_ranking();
}
