// What a scan adds up (see tabular/tree_counts.h) where samples have weights, or where numbers are learnt.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "espalier/tabular/tree_counts.h"

namespace espalier {

// Any weights: everything is added up anew at each cut, for errors must not pile up along a scan.
template <bool kEntropy>
class ClassWeights {
 public:
  static constexpr bool kCheap = false;
  using Score = double;

  ClassWeights(const TreeTarget& target, std::span<const uint32_t>) : target_(target) {}

  int payload_bits = 0;
  uint32_t payload(uint32_t) const { return 0; }

  NodeFacts facts(Items a, Items b) const {
    std::vector<double> sums(static_cast<size_t>(target_.classes));
    double all = 0;
    for (const Items part : {a, b})
      for (const uint64_t item : part) {
        sums[label(item)] += target_.weights[sample_of(item)];
        all += target_.weights[sample_of(item)];
      }
    return class_facts(kEntropy, sums, all, static_cast<int64_t>(a.size() + b.size()));
  }

  void enter(Items items) {
    totals_.assign(static_cast<size_t>(target_.classes), 0);
    all_ = 0;
    for (const uint64_t item : items) {
      totals_[label(item)] += target_.weights[sample_of(item)];
      all_ += target_.weights[sample_of(item)];
    }
  }

  struct Cursor {
    const ClassWeights& of;
    std::vector<double>& sums;
    double left = 0;

    void move(uint64_t item) {
      const double w = of.target_.weights[sample_of(item)];
      sums[of.label(item)] += w;
      left += w;
    }
    Score score() const {
      const double right = right_weight();
      double score = kEntropy ? -along(left) - along(right) : 0;
      for (size_t c = 0; c < sums.size(); ++c) {
        const double l = sums[c], r = of.totals_[c] - l;
        score += kEntropy ? along(l) + along(r) : l * l / left + r * r / right;
      }
      return score;
    }
    Score bound() const { return score(); }
    double left_weight() const { return left; }
    double right_weight() const { return of.all_ - left; }

   private:
    static double along(double x) { return x > 0 ? x * std::log2(x) : 0; }
  };
  Cursor cursor() {
    sums_.assign(totals_.size(), 0);
    return {*this, sums_};
  }

 private:
  size_t label(uint64_t item) const { return static_cast<size_t>(target_.labels[sample_of(item)]); }

  TreeTarget target_;
  std::vector<double> totals_, sums_;
  double all_ = 0;
};

// Numbers, less their mean over all samples so that squares of a far-off mean do not drown the differences.
class SquaredError {
 public:
  static constexpr bool kCheap = false;
  using Score = double;

  SquaredError(const TreeTarget& target, std::span<const uint32_t> samples) : target_(target) {
    double sum = 0, all = 0;
    for (const uint32_t sample : samples) {
      sum += weight(sample) * target.values[sample];
      all += weight(sample);
    }
    mean_ = sum / all;
    centred_.resize(target.values.size());
    for (const uint32_t sample : samples) centred_[sample] = target.values[sample] - mean_;
  }

  int payload_bits = 0;
  uint32_t payload(uint32_t) const { return 0; }

  NodeFacts facts(Items a, Items b) const {
    double sum = 0, all = 0, squares = 0;
    for (const Items part : {a, b})
      for (const uint64_t item : part) {
        sum += weight(sample_of(item)) * centred_[sample_of(item)];
        all += weight(sample_of(item));
      }
    const double mean = sum / all;
    for (const Items part : {a, b})
      for (const uint64_t item : part) {
        const double off = centred_[sample_of(item)] - mean;
        squares += weight(sample_of(item)) * off * off;
      }
    return {static_cast<int64_t>(a.size() + b.size()), all, squares / all, {mean + mean_}};
  }

  void enter(Items items) {
    sum_ = all_ = 0;
    for (const uint64_t item : items) {
      sum_ += weight(sample_of(item)) * centred_[sample_of(item)];
      all_ += weight(sample_of(item));
    }
  }

  struct Cursor {
    const SquaredError& of;
    double sum = 0, left = 0;

    void move(uint64_t item) {
      const double w = of.weight(sample_of(item));
      sum += w * of.centred_[sample_of(item)];
      left += w;
    }
    Score score() const {
      const double other = of.sum_ - sum;
      return sum * sum / left + other * other / right_weight();
    }
    Score bound() const { return score(); }
    double left_weight() const { return left; }
    double right_weight() const { return of.all_ - left; }
  };
  Cursor cursor() const { return {*this}; }

 private:
  double weight(uint32_t sample) const {
    if (!target_.times.empty()) return target_.times[sample];
    return target_.weights.empty() ? 1 : target_.weights[sample];
  }

  TreeTarget target_;
  std::vector<double> centred_;
  double mean_ = 0, sum_ = 0, all_ = 0;
};

}  // namespace espalier
