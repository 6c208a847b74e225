// From a scene to a picture with all its truth.
//
//   Sample s = render_scene(compose_scene(config, OrchardSplit::test, 3, 0), config.size,
//   config.noise);
//
// Every thing is painted on a layer of its own, and the layers are put over each other back to
// front. A pixel is foreground when the things together cover at least half of it (alpha >= 128);
// it belongs to the thing with the largest visible share. Masks and boxes are therefore of the
// visible parts, and masks never overlap, except that a mark lies on its leaf: its mask is every
// pixel that the mark has any part in.
#pragma once

#include "espalier/data/orchard_scene.h"

namespace espalier {

// Instance labels and semantic classes, in the order of orchard_instance_names() and
// orchard_semantic_names().
enum OrchardInstance : int64_t { kLeafInstance = 0, kFruitInstance = 1, kMarkInstance = 2 };
enum OrchardSemantic : uint8_t { kBackground = 0, kBranch = 1, kLeaf = 2, kFruit = 3 };

// Side in pixels, noise as standard deviation over full scale. The id of the sample is left empty.
Sample render_scene(const Scene& scene, int side, double noise);

}  // namespace espalier
