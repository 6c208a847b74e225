#include "espalier/data/mix.h"

#include <algorithm>
#include <cmath>

#include "espalier/core/error.h"

namespace espalier {
namespace {

// The logarithm of a draw from Gamma(shape, 1): Marsaglia and Tsang 2000, and their boost for shapes
// below 1, in logarithms since such draws are often smaller than any double.
double log_gamma_draw(double shape, Random& random) {
  if (shape < 1) return log_gamma_draw(shape + 1, random) + std::log(1 - random.uniform()) / shape;
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = random.normal(), root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    if (std::log(1 - random.uniform()) < x * x / 2 + d - d * v + d * std::log(v))
      return std::log(d * v);
  }
}

// Beta(alpha, alpha), in [0, 1].
double beta_draw(double alpha, Random& random) {
  const double a = log_gamma_draw(alpha, random), b = log_gamma_draw(alpha, random);
  return 1 / (1 + std::exp(b - a));
}

void blend_bytes(uint8_t* to, const uint8_t* from, size_t count, float keep) {
  for (size_t i = 0; i < count; ++i) {
    const float value = keep * to[i] + (1 - keep) * from[i] + 0.5f;
    to[i] = static_cast<uint8_t>(static_cast<int>(value));
  }
}

void add_labels(const std::vector<Label>& labels, double share, std::vector<Label>& sum) {
  for (const Label& label : labels) {
    const float score = static_cast<float>(share * static_cast<double>(label.score));
    const auto same = std::find_if(sum.begin(), sum.end(),
                                   [&](const Label& other) { return other.id == label.id; });
    if (same == sum.end())
      sum.push_back({label.id, score});
    else
      same->score += score;
  }
}

// Every sample with the one before it: `pixels(own, neighbour)` and the labels. From the last to the
// first, so that each neighbour is still as it came.
template <class Pixels>
void mix_with_neighbours(Batch& batch, double keep, Pixels&& pixels) {
  const size_t count = static_cast<size_t>(batch.count);
  if (count < 2) return;
  const size_t bytes = batch.pixels.size() / count;
  auto picture = [&](size_t i) { return batch.pixels.data() + i * bytes; };
  const std::vector<uint8_t> last(picture(count - 1), picture(count - 1) + bytes);
  const std::vector<Label> last_labels = batch.truth[count - 1].labels;
  for (size_t i = count; i-- > 0;) {
    pixels(picture(i), i > 0 ? picture(i - 1) : last.data());
    Annotation& truth = batch.truth[i];
    std::vector<Label> mixed;
    add_labels(truth.labels, keep, mixed);
    add_labels(i > 0 ? batch.truth[i - 1].labels : last_labels, 1 - keep, mixed);
    std::stable_sort(mixed.begin(), mixed.end(),
                     [](const Label& a, const Label& b) { return a.score > b.score; });
    truth = {.width = truth.width, .height = truth.height, .labels = std::move(mixed)};
  }
}

// torchvision.transforms.v2.CutMix.make_params.
PixelBox draw_box(const Batch& batch, double keep, Random& random) {
  const int x = static_cast<int>(random.below(batch.width));
  const int y = static_cast<int>(random.below(batch.height));
  const double reach = 0.5 * std::sqrt(1 - keep);
  const int wide = static_cast<int>(reach * batch.width);
  const int high = static_cast<int>(reach * batch.height);
  return {std::max(x - wide, 0), std::max(y - high, 0), std::min(x + wide, batch.width),
          std::min(y + high, batch.height)};
}

}  // namespace

void blend_neighbours(Batch& batch, double keep) {
  if (!(keep >= 0 && keep <= 1)) fail(Kind::usage, "mixup keeps {} of a picture, not 0..1", keep);
  if (keep == 1 || batch.count < 2) return;
  const size_t bytes = batch.pixels.size() / static_cast<size_t>(batch.count);
  mix_with_neighbours(batch, keep, [&](uint8_t* own, const uint8_t* neighbour) {
    blend_bytes(own, neighbour, bytes, static_cast<float>(keep));
  });
}

void patch_from_neighbours(Batch& batch, const PixelBox& box) {
  if (box.x0 < 0 || box.y0 < 0 || box.x1 > batch.width || box.y1 > batch.height)
    fail(Kind::usage, "a box of cutmix reaches out of the frame of {} x {}", batch.width,
         batch.height);
  if (box.x0 >= box.x1 || box.y0 >= box.y1) return;
  const double part = double(box.x1 - box.x0) * (box.y1 - box.y0);
  const double keep = 1 - part / (double(batch.width) * batch.height);
  const size_t channels = static_cast<size_t>(batch.channels);
  const size_t stride = static_cast<size_t>(batch.width) * channels;
  const size_t row = static_cast<size_t>(box.x1 - box.x0) * channels;
  mix_with_neighbours(batch, keep, [&](uint8_t* own, const uint8_t* neighbour) {
    for (int y = box.y0; y < box.y1; ++y) {
      const size_t at = static_cast<size_t>(y) * stride + static_cast<size_t>(box.x0) * channels;
      std::copy_n(neighbour + at, row, own + at);
    }
  });
}

BatchTransform mix_batches(double mixup_alpha, double cutmix_alpha) {
  for (double alpha : {mixup_alpha, cutmix_alpha})
    if (!(alpha >= 0 && std::isfinite(alpha)))
      fail(Kind::usage, "an alpha of mixup or cutmix is {}, not 0 or more", alpha);
  if (mixup_alpha == 0 && cutmix_alpha == 0) return {};
  return [=](Batch& batch, Random& random) {
    if (batch.count < 2) return;
    const bool cut = cutmix_alpha > 0 && (mixup_alpha == 0 || random.chance(0.5));
    const double keep = beta_draw(cut ? cutmix_alpha : mixup_alpha, random);
    if (cut)
      patch_from_neighbours(batch, draw_box(batch, keep, random));
    else
      blend_neighbours(batch, keep);
  };
}

}  // namespace espalier
