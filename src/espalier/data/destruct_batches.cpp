#include "espalier/data/destruct_batches.h"

#include <algorithm>

#include "espalier/data/destruct.h"

namespace espalier {
namespace {

Image picture(const Batch& batch, size_t i) {
  Image image(batch.width, batch.height, batch.channels);
  const size_t bytes = image.pixels.size();
  std::copy_n(batch.pixels.begin() + static_cast<std::ptrdiff_t>(i * bytes), bytes,
              image.pixels.begin());
  return image;
}

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

}  // namespace

BatchTransform destruct_batches(const DestructConfig& config, BatchTransform first) {
  Random trial(0);  // settings that no picture allows are told before the first epoch
  draw_destruction(config.grid, config.published ? 0 : config.reach, trial);
  return [config, first = std::move(first)](Batch& batch, Random& random) {
    if (first) first(batch, random);
    Batch pairs{.count = 2 * batch.count,
                .height = batch.height,
                .width = batch.width,
                .channels = batch.channels};
    pairs.failures = std::move(batch.failures);
    pairs.pixels.reserve(2 * batch.pixels.size());
    for (size_t i = 0; i < batch.truth.size(); ++i) {
      const Image original = picture(batch, i);
      Destroyed destroyed = destroy(original, config, random);
      for (const Image& image : {original, destroyed.image})
        pairs.pixels.insert(pairs.pixels.end(), image.pixels.begin(), image.pixels.end());
      const Annotation& truth = batch.truth[i];
      Annotation moved{.width = truth.width, .height = truth.height, .labels = truth.labels};
      moved.destruction = std::move(destroyed.targets);
      pairs.truth.push_back(truth);
      pairs.truth.push_back(std::move(moved));
      pairs.indices.insert(pairs.indices.end(), 2, batch.indices[i]);
    }
    batch = std::move(pairs);
  };
}

}  // namespace espalier
