#include "espalier/tabular/tree_histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "espalier/core/error.h"
#include "espalier/tabular/column_draw.h"
#include "espalier/tabular/tree_counts.h"

namespace espalier {
namespace {

constexpr int64_t kSampled = 200'000;
constexpr uint8_t kMissing = 255;
constexpr int64_t kBins = 256;
// Histograms of waiting nodes are kept up to here; beyond, they are counted again.
constexpr size_t kMostKept = size_t{1} << 30;

std::vector<double> edges_of(std::vector<float> values, int64_t bins) {
  std::sort(values.begin(), values.end());
  std::vector<float> distinct = values;
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  std::vector<double> edges;
  if (static_cast<int64_t>(distinct.size()) <= bins) {
    for (size_t i = 1; i < distinct.size(); ++i)
      edges.push_back(distinct[i - 1] / 2.0 + distinct[i] / 2.0);
    return edges;
  }
  const auto count = static_cast<int64_t>(values.size());
  for (int64_t b = 1; b < bins; ++b) {
    const float at = values[static_cast<size_t>(b * count / bins)];
    const auto above = std::upper_bound(distinct.begin(), distinct.end(), at);
    if (above == distinct.end()) break;
    const double edge = at / 2.0 + *above / 2.0;
    if (edges.empty() || edge > edges.back()) edges.push_back(edge);
  }
  return edges;
}

}  // namespace

BinnedTable bin_columns(MatrixView<float> x, int64_t bins) {
  BinnedTable table{x.rows, x.columns, {}, {}};
  table.bin.resize(static_cast<size_t>(x.rows * x.columns));
  for (int64_t c = 0; c < x.columns; ++c) {
    std::vector<float> sample;
    const int64_t count = std::min(x.rows, kSampled);
    for (int64_t i = 0; i < count; ++i)
      if (const float value = x(i * x.rows / count, c); !std::isnan(value))
        sample.push_back(value + 0.0f);
    table.edges.push_back(edges_of(std::move(sample), bins));
    const std::vector<double>& edges = table.edges.back();
    for (int64_t r = 0; r < x.rows; ++r) {
      const float value = x(r, c);
      if (std::isinf(value))
        fail(Kind::data, "row {}, column {}: {} is not finite", r + 1, c + 1, value);
      table.bin[static_cast<size_t>(r * x.columns + c)] =
          std::isnan(value)
              ? kMissing
              : static_cast<uint8_t>(std::lower_bound(edges.begin(), edges.end(), value) -
                                     edges.begin());
    }
  }
  return table;
}

namespace {

// A bin's sums: samples, weight, and weight of each class or weighted target and its square.
class HistogramEngine : public SplitEngine {
 public:
  HistogramEngine(const TreeConfig& config,
                  const BinnedTable& table,
                  const TreeTarget& target,
                  std::span<const uint32_t> samples,
                  Random random)
      : table_(table),
        target_(target),
        entropy_(config.criterion == "entropy"),
        min_samples_(config.min_samples_leaf),
        width_(2 + (target.classes > 0 ? target.classes : 2)),
        samples_(samples.begin(), samples.end()),
        spare_(samples.size()),
        draw_(
            table.columns, config.max_features > 0 ? config.max_features : table.columns, random) {
    double all = 0, sum = 0;
    for (const uint32_t sample : samples) {
      all += weight(sample);
      if (target.classes == 0) sum += weight(sample) * target.values[sample];
    }
    mean_ = sum / all;
    min_weight_ = config.min_weight_leaf * all;
  }

  int64_t size() const override { return static_cast<int64_t>(samples_.size()); }

  NodeFacts facts() override {
    Sums sums(width());
    for (const uint32_t sample : samples_) add(sample, sums.data());
    return facts_of(sums.data());
  }

  Split best(int64_t begin, int64_t end) override {
    Histogram& histogram = of_node(begin, end);
    Cut cut;
    draw_.each([&](int64_t column) { return scan(column, histogram, cut); });
    if (cut.column < 0) return {};
    Split split;
    split.feature = static_cast<int32_t>(cut.column);
    const std::vector<double>& edges = table_.edges[static_cast<size_t>(cut.column)];
    split.threshold = cut.bin < static_cast<int64_t>(edges.size())
                          ? edges[static_cast<size_t>(cut.bin)]
                          : std::numeric_limits<double>::infinity();
    split.left = facts_of(cut.left.data());
    split.right = facts_of(cut.right.data());
    split.missing_left =
        cut.missing > 0 ? cut.missing_left : split.left.samples > split.right.samples;
    return split;
  }

  void divide(
      int64_t begin, int64_t end, const Split& split, bool keep_left, bool keep_right) override {
    const auto found = kept_.find(begin);
    Histogram parent = found == kept_.end() ? Histogram{} : std::move(found->second);
    if (found != kept_.end()) kept_.erase(found);
    if (!keep_left && !keep_right) return;
    const std::vector<double>& edges = table_.edges[static_cast<size_t>(split.feature)];
    const auto last = static_cast<uint8_t>(
        std::lower_bound(edges.begin(), edges.end(), split.threshold) - edges.begin());
    int64_t l = begin, r = 0;
    for (int64_t i = begin; i < end; ++i) {
      const uint32_t sample = samples_[static_cast<size_t>(i)];
      const uint8_t bin = row(sample)[split.feature];
      const bool left = bin == kMissing ? split.missing_left : bin <= last;
      samples_[static_cast<size_t>(l)] = spare_[static_cast<size_t>(r)] = sample;
      l += left;
      r += !left;
    }
    std::copy(spare_.begin(), spare_.begin() + r, samples_.begin() + l);
    if (parent.empty() || !keep_left || !keep_right) return;
    const bool left_is_smaller = l - begin <= end - l;
    Histogram smaller = left_is_smaller ? count(begin, l) : count(l, end);
    for (size_t i = 0; i < parent.size(); ++i) parent[i] -= smaller[i];
    keep(begin, left_is_smaller ? std::move(smaller) : parent);
    keep(l, left_is_smaller ? std::move(parent) : std::move(smaller));
  }

 private:
  using Sums = std::vector<double>;
  using Histogram = std::vector<double>;  // columns x bins x width

  struct Cut {
    double score = std::numeric_limits<double>::lowest();
    int64_t column = -1, bin = 0;
    double missing = 0;
    bool missing_left = false;
    Sums left, right;
  };

  size_t width() const { return static_cast<size_t>(width_); }
  const uint8_t* row(uint32_t sample) const {
    return table_.bin.data() + int64_t{sample} * table_.columns;
  }
  double weight(uint32_t sample) const {
    if (!target_.times.empty()) return target_.times[sample];
    return target_.weights.empty() ? 1 : target_.weights[sample];
  }

  void add(uint32_t sample, double* sums) const {
    const double w = weight(sample);
    sums[0] += 1;
    sums[1] += w;
    if (target_.classes > 0) {
      sums[2 + target_.labels[sample]] += w;
    } else {
      const double off = target_.values[sample] - mean_;
      sums[2] += w * off;
      sums[3] += w * off * off;
    }
  }

  NodeFacts facts_of(const double* sums) const {
    const auto samples = std::llround(sums[0]);
    if (target_.classes > 0)
      return class_facts(entropy_, Sums(sums + 2, sums + width_), sums[1], samples);
    const double mean = sums[2] / sums[1];
    return {samples, sums[1], std::max(0.0, sums[3] / sums[1] - mean * mean), {mean + mean_}};
  }

  Histogram count(int64_t begin, int64_t end) const {
    Histogram histogram(static_cast<size_t>(table_.columns * kBins) * width());
    for (int64_t i = begin; i < end; ++i) {
      const uint32_t sample = samples_[static_cast<size_t>(i)];
      const uint8_t* bins = row(sample);
      for (int64_t c = 0; c < table_.columns; ++c)
        add(sample, histogram.data() + (c * kBins + bins[c]) * width_);
    }
    return histogram;
  }

  void keep(int64_t begin, Histogram histogram) {
    if ((kept_.size() + 1) * histogram.size() * sizeof(double) <= kMostKept)
      kept_[begin] = std::move(histogram);
  }

  Histogram& of_node(int64_t begin, int64_t end) {
    const auto found = kept_.find(begin);
    if (found != kept_.end()) return found->second;
    Histogram counted = count(begin, end);
    keep(begin, counted);
    const auto kept = kept_.find(begin);
    if (kept != kept_.end()) return kept->second;
    return lone_ = std::move(counted);
  }

  double score(const Sums& sums) const {
    if (target_.classes == 0) return sums[2] * sums[2] / sums[1];
    double total = entropy_ ? -sums[1] * std::log2(sums[1]) : 0;
    for (size_t k = 2; k < sums.size(); ++k)
      if (sums[k] > 0)
        total += entropy_ ? sums[k] * std::log2(sums[k]) : sums[k] * sums[k] / sums[1];
    return total;
  }

  // Whether the column varies.
  bool scan(int64_t column, const Histogram& histogram, Cut& best) const {
    const double* bins = histogram.data() + column * kBins * width_;
    const auto count = static_cast<int64_t>(table_.edges[static_cast<size_t>(column)].size()) + 1;
    Sums all(width());
    auto plus = [&](Sums& sums, const double* bin, double sign) {
      for (size_t k = 0; k < sums.size(); ++k) sums[k] += sign * bin[k];
    };
    int64_t filled = 0;
    for (int64_t b = 0; b < count; ++b) {
      plus(all, bins + b * width_, 1);
      filled += bins[b * width_] > 0;
    }
    const double* absent = bins + kMissing * width_;
    const double missing = absent[0];
    if (filled + (missing > 0) < 2) return false;
    plus(all, absent, 1);
    for (const bool missing_left : {false, true}) {
      if (missing_left && !(missing > 0)) break;
      Sums left(width()), right = all;
      if (missing_left) {
        plus(left, absent, 1);
        plus(right, absent, -1);
      }
      for (int64_t b = 0; b < count; ++b) {
        const double* bin = bins + b * width_;
        if (!(bin[0] > 0)) continue;  // the same cut as before
        plus(left, bin, 1);
        plus(right, bin, -1);
        if (right[0] < 1) break;
        if (left[0] < static_cast<double>(min_samples_) ||
            right[0] < static_cast<double>(min_samples_) || left[1] < min_weight_ ||
            right[1] < min_weight_)
          continue;
        const double s = score(left) + score(right);
        // The last bin's right half is the missing ones alone.
        const bool alone = missing > 0 && !missing_left && right[0] <= missing;
        if (s > best.score)
          best = {s, column, alone ? count : b, missing, missing_left, left, right};
      }
    }
    return true;
  }

  const BinnedTable& table_;
  TreeTarget target_;
  bool entropy_;
  int64_t min_samples_;
  int64_t width_;
  std::vector<uint32_t> samples_, spare_;
  ColumnDraw draw_;
  std::map<int64_t, Histogram> kept_;  // by the first place of a node
  Histogram lone_;
  double mean_ = 0, min_weight_ = 0;
};

}  // namespace

std::unique_ptr<SplitEngine> make_histogram_engine(const TreeConfig& config,
                                                   const BinnedTable& table,
                                                   const TreeTarget& target,
                                                   std::span<const uint32_t> samples,
                                                   Random random) {
  return std::make_unique<HistogramEngine>(config, table, target, samples, random);
}

}  // namespace espalier
