#include "espalier/deploy/ranges.h"

#include <algorithm>
#include <cmath>

#include "espalier/core/error.h"
#include "espalier/deploy/run_graph.h"
#include "espalier/tensor/torch.h"

namespace espalier {

// Pairs of cells become one until `reach` is inside: the middle stays the middle.
void Histogram::widen(float reach) {
  if (reach_ == 0) reach_ = std::ldexp(1.f, std::ilogb(reach) + 1);
  while (reach_ < reach) {
    std::vector<int64_t> wider(kCells, 0);
    for (int64_t i = 0; i < kCells; ++i)
      wider[static_cast<size_t>(kCells / 4 + i / 2)] += cells_[static_cast<size_t>(i)];
    cells_ = std::move(wider);
    reach_ *= 2;
  }
}

void Histogram::add(const float* numbers, int64_t count) {
  float low = smallest_, high = largest_;
  bool finite = true;
  for (int64_t i = 0; i < count; ++i) {
    low = std::min(low, numbers[i]);
    high = std::max(high, numbers[i]);
    finite = finite && std::isfinite(numbers[i]);
  }
  if (!finite) fail(Kind::data, "a number that is not finite");
  smallest_ = low, largest_ = high;
  if (float reach = std::max(-low, high); reach > reach_) widen(reach);
  count_ += count;
  if (reach_ == 0) {
    cells_[kCells / 2] += count;
    return;
  }
  const float cells_a_unit = kCells / 2 / reach_;
  for (int64_t i = 0; i < count; ++i) {
    auto cell = static_cast<int64_t>((numbers[i] + reach_) * cells_a_unit);
    ++cells_[static_cast<size_t>(std::min(cell, kCells - 1))];
  }
}

float Histogram::below(double share) const {
  double wanted = share * static_cast<double>(count_), seen = 0;
  const double width = 2.0 * reach_ / kCells;
  for (int64_t i = 0; i < kCells; ++i) {
    auto here = static_cast<double>(cells_[static_cast<size_t>(i)]);
    if (here > 0 && seen + here >= wanted) {
      double within = std::max(0.0, wanted - seen) / here;
      double bound = -reach_ + width * (static_cast<double>(i) + within);
      return std::clamp(static_cast<float>(bound), smallest_, largest_);
    }
    seen += here;
  }
  return largest_;
}

Ranges measure_ranges(const Graph& graph, const ImageSource& images, double percentile) {
  GraphRunner runner(graph);
  std::map<std::string, Histogram> histograms;
  bool any = false;
  while (std::optional<at::Tensor> batch = images()) {
    any = true;
    runner.run(*batch, [&](const std::string& value, const at::Tensor& numbers) {
      // Any order of the numbers will do: channels-last memory is read as it lies.
      at::Tensor flat = numbers.is_contiguous(at::MemoryFormat::ChannelsLast)
                            ? numbers.permute({0, 2, 3, 1})
                            : numbers.contiguous();
      with_context(value,
                   [&] { histograms[value].add(flat.const_data_ptr<float>(), flat.numel()); });
    });
  }
  if (!any) fail(Kind::data, "no images to measure the values' ranges on");
  Ranges ranges;
  for (const auto& [value, histogram] : histograms)
    ranges[value] = {.low = std::min(0.f, histogram.below(1 - percentile / 100)),
                     .high = std::max(0.f, histogram.below(percentile / 100))};
  return ranges;
}

}  // namespace espalier
