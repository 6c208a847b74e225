#include "espalier/data/destruct_batches.h"

#include "espalier/data/destruct.h"
#include "espalier/data/parts.h"

namespace espalier {
namespace {

struct Destroyed {
  Image image;
  Destruction targets;
};

Destroyed destroy(const Image& image, const DestructConfig& config, Random& random) {
  if (!config.published) {
    Destruction moved = draw_destruction(config.grid, config.reach, random);
    Image destroyed = destruct(image, moved);
    return {std::move(destroyed), std::move(moved)};
  }
  const Destruction moved = draw_published_walk(config.grid, random);
  Image destroyed = destruct_published(image, moved, config.margin);
  Destruction guess = guess_sources(image, destroyed, config.guess_grid);
  return {std::move(destroyed), std::move(guess)};
}

void append(Batch& batch, const Image& image, Annotation truth, int64_t index) {
  batch.pixels.insert(batch.pixels.end(), image.pixels.begin(), image.pixels.end());
  batch.truth.push_back(std::move(truth));
  batch.indices.push_back(index);
  ++batch.count;
}

// Every picture of the batch, and behind it `copies` of it that `make(image, copy, random)` destroys.
template <class Make>
void follow_by_copies(Batch& batch, size_t copies, Random& random, Make&& make) {
  Batch longer{.height = batch.height, .width = batch.width, .channels = batch.channels};
  longer.failures = std::move(batch.failures);
  longer.pixels.reserve((1 + copies) * batch.pixels.size());
  for (size_t i = 0; i < batch.truth.size(); ++i) {
    const Image original = picture(batch, static_cast<int64_t>(i));
    const Annotation& truth = batch.truth[i];
    append(longer, original, truth, batch.indices[i]);
    for (size_t copy = 0; copy < copies; ++copy) {
      Destroyed destroyed = make(original, copy, random);
      append(longer, destroyed.image,
             {.width = truth.width,
              .height = truth.height,
              .labels = truth.labels,
              .destruction = std::move(destroyed.targets)},
             batch.indices[i]);
    }
  }
  batch = std::move(longer);
}

}  // namespace

BatchTransform destruct_batches(const DestructConfig& config, BatchTransform first) {
  Random trial(0);  // settings that no picture allows are told before the first epoch
  draw_destruction(config.grid, config.published ? 0 : config.reach, trial);
  return [config, first = std::move(first)](Batch& batch, Random& random) {
    if (first) first(batch, random);
    follow_by_copies(batch, 1, random, [&](const Image& image, size_t, Random& draw) {
      return destroy(image, config, draw);
    });
  };
}

BatchTransform jigsaw_batches(const std::vector<int64_t>& grids, BatchTransform first) {
  Random trial(0);
  for (int64_t grid : grids) draw_jigsaw(static_cast<int>(grid), trial);
  return [grids, first = std::move(first)](Batch& batch, Random& random) {
    if (first) first(batch, random);
    follow_by_copies(batch, grids.size(), random,
                     [&](const Image& image, size_t copy, Random& draw) -> Destroyed {
                       Destruction moved = draw_jigsaw(static_cast<int>(grids[copy]), draw);
                       Image destroyed = destruct(image, moved);
                       return {std::move(destroyed), std::move(moved)};
                     });
  };
}

}  // namespace espalier
