#include "espalier/tabular/forest.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <numeric>
#include <optional>
#include <thread>

#include "espalier/core/error.h"
#include "espalier/core/parallel.h"
#include "espalier/tabular/tree_exact.h"
#include "espalier/tabular/tree_file.h"
#include "espalier/tabular/tree_fit.h"
#include "espalier/tabular/tree_histogram.h"

namespace espalier {
namespace {

constexpr int64_t kRowsAtOnce = 512;  // their answers stay in the cache while the trees pass by

int64_t workers(int64_t threads) {
  return threads > 0 ? threads : std::max(1u, std::thread::hardware_concurrency());
}

// How often each sample is drawn, 0 for those left out.
std::vector<uint16_t> bootstrap(int64_t rows, Random random) {
  std::vector<uint16_t> times(static_cast<size_t>(rows));
  for (int64_t i = 0; i < rows; ++i) {
    uint16_t& count = times[static_cast<size_t>(random.below(rows))];
    if (count < std::numeric_limits<uint16_t>::max()) ++count;
  }
  return times;
}

class ForestFit {
 public:
  ForestFit(const ForestConfig& config, MatrixView<float> x, const TreeTarget& target)
      : config_(config), tree_config_(config.tree), x_(x), target_(target) {
    check_tree_target(x, target);
    if (config.trees < 1) fail(Kind::usage, "a forest of {} trees", config.trees);
    check_tree_config(config.tree, x.columns);
    if (tree_config_.max_features == 0)
      tree_config_.max_features = std::max<int64_t>(
          1, target.classes > 0 ? static_cast<int64_t>(std::sqrt(static_cast<double>(x.columns)))
                                : x.columns / 3);
    if (takes_histograms(config.tree, x.rows))
      binned_ = bin_columns(x, config.tree.bins);
    else
      ranked_.emplace(x);
  }

  Forest run() {
    Forest forest;
    forest.trees.resize(static_cast<size_t>(config_.trees));
    answers_ = Matrix<double>(x_.rows, std::max<int64_t>(target_.classes, 1));
    judges_.assign(static_cast<size_t>(x_.rows), 0);
    Progress progress("forest", config_.trees, "trees");
    std::vector<std::vector<uint16_t>> times(forest.trees.size());
    parallel_for(config_.trees, workers(config_.threads), progress, [&](int64_t t) {
      const auto i = static_cast<size_t>(t);
      const Random random =
          Random(static_cast<uint64_t>(tree_config_.seed)).stream(static_cast<uint64_t>(t));
      if (config_.bootstrap) times[i] = bootstrap(x_.rows, random.stream("bootstrap"));
      forest.trees[i] = grow(times[i], random.stream("columns"));
    });
    forest.out_of_bag = config_.bootstrap && config_.out_of_bag
                            ? judge(forest, times)
                            : std::numeric_limits<double>::quiet_NaN();
    return forest;
  }

 private:
  Tree grow(const std::vector<uint16_t>& times, const Random& random) const {
    std::vector<uint32_t> samples;
    std::vector<double> weights;
    TreeTarget target = target_;
    for (int64_t r = 0; r < x_.rows; ++r) {
      const auto i = static_cast<size_t>(r);
      if (!times.empty() && times[i] == 0) continue;
      if (!target_.weights.empty() && !(target_.weights[i] > 0)) continue;
      samples.push_back(static_cast<uint32_t>(r));
    }
    if (samples.empty()) {  // a draw of samples without weight alone
      for (int64_t r = 0; r < x_.rows; ++r)
        if (target_.weights[static_cast<size_t>(r)] > 0)
          samples.push_back(static_cast<uint32_t>(r));
    } else if (!times.empty() && !target_.weights.empty()) {
      weights.resize(times.size());
      for (const uint32_t s : samples) weights[s] = target_.weights[s] * times[s];
      target.weights = weights;
    } else {
      target.times = times;
    }
    const auto engine =
        ranked_ ? make_exact_engine(tree_config_, *ranked_, target, samples, random)
                : make_histogram_engine(tree_config_, *binned_, target, samples, random);
    return grow_tree(tree_config_, *engine, x_.columns, target_.classes);
  }

  // By the trees in their order, so that sums do not depend on threads.
  double judge(const Forest& forest, const std::vector<std::vector<uint16_t>>& times) {
    const int64_t outputs = answers_.columns;
    const int64_t blocks = (x_.rows + kRowsAtOnce - 1) / kRowsAtOnce;
    parallel_for(blocks, workers(config_.threads), [&](int64_t b) {
      const int64_t end = std::min(x_.rows, (b + 1) * kRowsAtOnce);
      for (size_t t = 0; t < forest.trees.size(); ++t)
        for (int64_t r = b * kRowsAtOnce; r < end; ++r) {
          if (times[t][static_cast<size_t>(r)] > 0) continue;
          const Tree& tree = forest.trees[t];
          const double* value = tree.values.data() + tree.leaf(x_.row(r)) * outputs;
          for (int64_t k = 0; k < outputs; ++k) answers_(r, k) += value[k];
          ++judges_[static_cast<size_t>(r)];
        }
    });
    return target_.classes > 0 ? accuracy() : r_squared();
  }

  double accuracy() const {
    double right = 0, all = 0;
    for (int64_t r = 0; r < x_.rows; ++r) {
      if (judges_[static_cast<size_t>(r)] == 0) continue;
      const double* sums = answers_.row(r);
      const auto guess = std::max_element(sums, sums + answers_.columns) - sums;
      right += guess == target_.labels[static_cast<size_t>(r)];
      all += 1;
    }
    return right / all;
  }

  double r_squared() const {
    double count = 0, mean = 0, error = 0, spread = 0;
    for (int64_t r = 0; r < x_.rows; ++r)
      if (judges_[static_cast<size_t>(r)] > 0) {
        mean += target_.values[static_cast<size_t>(r)];
        ++count;
      }
    mean /= count;
    for (int64_t r = 0; r < x_.rows; ++r) {
      const auto i = static_cast<size_t>(r);
      if (judges_[i] == 0) continue;
      const double off = target_.values[i] - answers_(r, 0) / judges_[i];
      error += off * off;
      spread += (target_.values[i] - mean) * (target_.values[i] - mean);
    }
    return 1 - error / spread;
  }

  const ForestConfig& config_;
  TreeConfig tree_config_;
  MatrixView<float> x_;
  TreeTarget target_;
  std::optional<RankedTable> ranked_;
  std::optional<BinnedTable> binned_;
  Matrix<double> answers_;       // summed over the trees that did not learn from a sample
  std::vector<int32_t> judges_;  // and their number
};

Matrix<double> mean_answers(const Forest& forest, MatrixView<float> x, int64_t threads) {
  if (x.columns != forest.features())
    fail(Kind::data, "the forest was fitted to {} columns, not {}", forest.features(), x.columns);
  Matrix<double> sums(x.rows, forest.trees[0].outputs());
  const int64_t blocks = (x.rows + kRowsAtOnce - 1) / kRowsAtOnce;
  parallel_for(blocks, std::min(blocks, workers(threads)), [&](int64_t b) {
    const int64_t end = std::min(x.rows, (b + 1) * kRowsAtOnce);
    for (const Tree& tree : forest.trees)
      for (int64_t r = b * kRowsAtOnce; r < end; ++r) {
        const double* value = tree.values.data() + tree.leaf(x.row(r)) * sums.columns;
        for (int64_t k = 0; k < sums.columns; ++k) sums(r, k) += value[k];
      }
  });
  for (double& sum : sums.values) sum /= static_cast<double>(forest.trees.size());
  return sums;
}

}  // namespace

Fields fields(ForestConfig& c) {
  return join({field("trees", c.trees, "trees of the forest").between(1, 1e6),
               field("bootstrap", c.bootstrap, "each tree learns from a sample with replacement"),
               field("out_of_bag", c.out_of_bag, "judge by the samples that each tree did not see"),
               field("threads", c.threads, "0: those of the machine").between(0, 1e4)},
              fields(c.tree));
}

std::vector<int32_t> Forest::predict(MatrixView<float> x, int64_t threads) const {
  const Matrix<double> shares = predict_proba(x, threads);
  std::vector<int32_t> guess;
  for (int64_t r = 0; r < x.rows; ++r)
    guess.push_back(static_cast<int32_t>(
        std::max_element(shares.row(r), shares.row(r) + shares.columns) - shares.row(r)));
  return guess;
}

Matrix<double> Forest::predict_proba(MatrixView<float> x, int64_t threads) const {
  if (classes() == 0) fail(Kind::usage, "a regression forest predicts numbers, not classes");
  return mean_answers(*this, x, threads);
}

std::vector<double> Forest::predict_value(MatrixView<float> x, int64_t threads) const {
  if (classes() > 0) fail(Kind::usage, "a forest of classes predicts no numbers");
  return mean_answers(*this, x, threads).values;
}

std::vector<double> Forest::importance() const {
  std::vector<double> mean(static_cast<size_t>(features()));
  for (const Tree& tree : trees) {
    const std::vector<double> one = tree.importance();
    for (size_t i = 0; i < mean.size(); ++i) mean[i] += one[i];
  }
  const double all = std::accumulate(mean.begin(), mean.end(), 0.0);
  if (all > 0)
    for (double& share : mean) share /= all;
  return mean;
}

Forest fit_forest(const ForestConfig& config,
                  MatrixView<float> x,
                  std::span<const int32_t> labels,
                  int64_t classes,
                  std::span<const double> weights) {
  if (classes < 1) fail(Kind::usage, "a forest of {} classes", classes);
  return ForestFit(
             config, x,
             {.classes = classes, .labels = labels, .values = {}, .weights = weights, .times = {}})
      .run();
}

Forest fit_regression_forest(const ForestConfig& config,
                             MatrixView<float> x,
                             std::span<const double> target,
                             std::span<const double> weights) {
  return ForestFit(config, x,
                   {.classes = 0, .labels = {}, .values = target, .weights = weights, .times = {}})
      .run();
}

void save_forest(const fs::path& path, const Forest& forest) {
  ArrayWriter out("forest");
  add_trees(out, forest.trees);
  out.add("out_of_bag", std::vector<double>{forest.out_of_bag});
  out.write(path);
}

Forest load_forest(const fs::path& path) {
  const ArrayReader in(path, "forest");
  Forest forest;
  forest.trees = read_trees(in);
  forest.out_of_bag = in.array<double>("out_of_bag", 1, false)[0];
  return forest;
}

}  // namespace espalier
