#include "espalier/metrics/sorted_scores.h"

#include <cmath>

#include "espalier/core/error.h"
#include "espalier/core/radix_sort.h"

namespace espalier {

SortedScores::SortedScores(std::span<const uint8_t> positive, std::span<const double> score)
    : count_(score.size()), items_(large_array<uint64_t>(score.size())) {
  // From both ends; -0 is made 0.
  size_t end = count_;
  bool not_a_number = false;
  for (size_t i = 0; i < count_; ++i) {
    const double value = score[i] + 0.0;
    not_a_number |= std::isnan(value);
    const uint64_t bits = std::bit_cast<uint64_t>(value);
    const bool below = bits >> 63;
    const uint64_t item = (below ? ~bits : bits) << 1 | positive[i];
    items_[below ? negative_ : end - 1] = item;
    negative_ += below;
    end -= !below;
  }
  if (not_a_number)
    for (size_t i = 0; i < count_; ++i)
      if (std::isnan(score[i])) fail(Kind::data, "score {} is not a number", i + 1);
  const LargeArray<uint64_t> spare = large_array<uint64_t>(count_);
  sort_numbers(items_.get(), spare.get(), static_cast<int64_t>(negative_));
  sort_numbers(items_.get() + negative_, spare.get(), static_cast<int64_t>(count_ - negative_));
}

}  // namespace espalier
