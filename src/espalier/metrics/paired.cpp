#include "espalier/metrics/paired.h"

#include "espalier/core/error.h"
#include "espalier/metrics/interval.h"

namespace espalier {
PairedDifference paired_difference(const std::vector<double>& first,
                                   const std::vector<double>& second) {
  if (first.size() != second.size() || first.empty())
    fail(Kind::internal, "{} values cannot be paired with {}", first.size(), second.size());
  PairedDifference found{.pairs = static_cast<int64_t>(first.size()), .interval = {}};
  const double n = static_cast<double>(found.pairs);
  std::vector<double> differences;
  for (size_t i = 0; i < first.size(); ++i) {
    differences.push_back(first[i] - second[i]);
    found.mean += differences.back() / n;
    found.above += first[i] > second[i];
    found.below += first[i] < second[i];
  }
  found.interval = mean_interval(differences);
  return found;
}

}  // namespace espalier
