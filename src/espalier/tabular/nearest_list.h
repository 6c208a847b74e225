// The k best of what passes by: the smallest distance first, of equal ones the lowest number first, so that the
// list does not depend on the order of arrival.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace espalier {

class NearestList {
 public:
  explicit NearestList(int64_t k) { items_.reserve(static_cast<size_t>(k_ = k) + 1); }

  void clear() { items_.clear(); }
  // The k-th distance; infinite while there are fewer.
  double bound() const {
    return static_cast<int64_t>(items_.size()) < k_ ? std::numeric_limits<double>::infinity()
                                                    : items_.back().first;
  }
  void offer(double distance, int64_t index) {
    const std::pair<double, int64_t> item{distance, index};
    if (static_cast<int64_t>(items_.size()) == k_) {
      if (!(item < items_.back())) return;
      items_.pop_back();
    }
    items_.insert(std::upper_bound(items_.begin(), items_.end(), item), item);
  }
  const std::vector<std::pair<double, int64_t>>& items() const { return items_; }

 private:
  int64_t k_;
  std::vector<std::pair<double, int64_t>> items_;
};

}  // namespace espalier
