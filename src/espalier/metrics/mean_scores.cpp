#include "espalier/metrics/mean_scores.h"

#include <numeric>

#include "espalier/core/error.h"
#include "espalier/metrics/interval.h"

namespace espalier {

Scores mean_scores(const std::vector<Scores>& parts) {
  if (parts.empty()) fail(Kind::internal, "the mean of no scores");
  Scores means;
  for (const Score& score : parts.front().items) {
    std::vector<double> values;
    for (const Scores& part : parts)
      for (const Score& other : part.items)
        if (other.name == score.name) values.push_back(other.value);
    if (values.size() < parts.size()) continue;
    Score& mean = means.items.emplace_back(score);
    mean.value =
        std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
    mean.interval = mean_interval(values);
  }
  return means;
}

}  // namespace espalier
