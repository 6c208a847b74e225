#include "espalier/tabular/largest_pairs.h"

#include <algorithm>

#include "espalier/core/random.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

constexpr int64_t kSmallMatrix = 200, kSpare = 14, kDegree = 8, kMostRounds = 6;

// The polynomial of this degree that stays within -1..1 on 0..low and grows fastest beyond.
at::Tensor filtered(
    const at::Tensor& matrix, const at::Tensor& block, double low, double high, int64_t degree) {
  const double half = low / 2;
  double sigma = half / (high - half);
  const double first = sigma;
  at::Tensor before = block, now = (at::mm(matrix, block) - half * block) * (sigma / half);
  for (int64_t i = 2; i <= degree; ++i) {
    const double next = 1 / (2 / first - sigma);
    at::Tensor after =
        (at::mm(matrix, now) - half * now) * (2 * next / half) - before * (sigma * next);
    before = now;
    now = after;
    sigma = next;
  }
  return now;
}

}  // namespace

EigenPairs largest_pairs(const at::Tensor& matrix, int64_t count, double tolerance, uint64_t seed) {
  const int64_t size = matrix.size(0), width = count + kSpare;
  if (size < kSmallMatrix || 6 * width > size) return {};
  at::Tensor block = at::empty({size, width}, at::kDouble);
  Random random(seed);
  for (int64_t i = 0; i < block.numel(); ++i) block.data_ptr<double>()[i] = random.normal();
  block = std::get<0>(at::linalg_qr(at::mm(matrix, block), "reduced"));
  for (int64_t round = 0; round < kMostRounds; ++round) {
    // Rayleigh-Ritz in the space at hand.
    const at::Tensor image = at::mm(matrix, block);
    auto [values, turn] = at::linalg_eigh(at::mm(block.t(), image));
    block = at::mm(block, turn);
    const at::Tensor best = block.slice(1, width - count);
    const at::Tensor rest =
        at::mm(image, turn.slice(1, width - count)) - best * values.slice(0, width - count);
    const double high = values[width - 1].item<double>(), low = values[0].item<double>();
    if (!(high > 0)) return {};
    if (rest.square().sum(0).max().sqrt().item<double>() <= tolerance * high)
      return {values.slice(0, width - count).flip(0), best.flip(1)};
    if (!(low > 0)) return {};  // of lower rank than the block: nothing to filter
    block = std::get<0>(at::linalg_qr(filtered(matrix, block, low, high, kDegree), "reduced"));
  }
  return {};
}

}  // namespace espalier
